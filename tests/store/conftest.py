from tests.store.fixtures import db as db
from tests.store.fixtures import store as store
from tests.store.fixtures import url as url

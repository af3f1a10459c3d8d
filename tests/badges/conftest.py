from tests.badges.crew import crew as crew
from tests.store.fixtures import db as db
from tests.store.fixtures import store as store
from tests.store.fixtures import url as url
from tests.web.fixtures import client as client
from tests.web.fixtures import reviewer as reviewer
from tests.web.fixtures import viewer as viewer
from tests.web.fixtures import web as web

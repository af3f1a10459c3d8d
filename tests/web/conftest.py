from tests.web.fixtures import admin as admin
from tests.web.fixtures import client as client
from tests.web.fixtures import viewer as viewer
from tests.web.fixtures import web as web

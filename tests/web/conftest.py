from tests.web.fixtures import admin as admin
from tests.web.fixtures import asking as asking
from tests.web.fixtures import client as client
from tests.web.fixtures import viewer as viewer
from tests.web.fixtures import web as web
from tests.web.fixtures import webex as webex

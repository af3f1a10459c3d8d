from tests.web.fixtures import client as client
from tests.web.fixtures import web as web

from tests.oidc.build import database as database
from tests.oidc.build import key as key
from tests.oidc.build import odd as odd
from tests.oidc.build import running as running
from tests.oidc.build import web as web

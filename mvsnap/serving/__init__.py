"""Serving: the web server in front of the service, and a clean end of both.

| module | its job |
|---|---|
| `run` | `mvsnap serve`: start, and obey signals |
| `reload` | settings that are read anew |
| `listening` | the address |
| `server` | puts the parts below together |
| `admission` | how many connections, in all and from one address |
| `connection` | one connection: its deadlines, what is no request, TLS |
| `environ` | the head of a request |
| `bodies` | its body, whole before a thread is taken |
| `strangers` | those without a key or a login wait for what they use |
| `threads` | those in which the application works |
| `front` | the request to the Flask application, and its answer back |
"""

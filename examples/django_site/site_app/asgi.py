"""tlsgi serve --chdir examples/django_site --static /static=examples/django_site/static site_app.asgi"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_app.settings")
application = get_asgi_application()

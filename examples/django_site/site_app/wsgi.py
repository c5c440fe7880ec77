"""tlsgi serve --chdir examples/django_site --static /static=examples/django_site/static site_app.wsgi"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_app.settings")
application = get_wsgi_application()

"""For Django projects: in ``INSTALLED_APPS``, the commands ``runsslserver`` and ``runserver_plus`` serve over HTTPS."""

"""Add the paths of the stand-in's operations to moto's paths of Amazon Connect."""

from moto.connect import urls

from sandbox.amazon_connect.responses import SearchableConnectResponse

_PATHS = (
    "search-contacts",
    "queues-summary/(?P<InstanceId>[^/]+)",
    "users-summary/(?P<InstanceId>[^/]+)",
    "contacts/(?P<InstanceId>[^/]+)/(?P<ContactId>.+)",
    "contact/attributes/(?P<InstanceId>[^/]+)/(?P<InitialContactId>.+)",
)
url_bases = urls.url_bases
url_paths = {**urls.url_paths, **{f"{{0}}/{path}$": SearchableConnectResponse.dispatch for path in _PATHS}}

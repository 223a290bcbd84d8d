"""moto's paths of Amazon Connect, and SearchContacts'."""

from moto.connect import urls

from sandbox.amazon_connect.responses import SearchableConnectResponse

url_bases = urls.url_bases
url_paths = {**urls.url_paths, "{0}/search-contacts$": SearchableConnectResponse.dispatch}

"""``$catalogs``: a record per catalog, so that a field can point at one."""

from obmen.domain.schema import CATALOGS
from obmen.services.system_catalogs import SystemCatalog


class Catalogs(SystemCatalog):
    """Shows the descriptions; a record's number is the catalog's."""

    number = 1
    text_id = CATALOGS
    icon = "content-8"
    fields = ({"number": 1, "id": "$name", "type": "text"},)
    read_only = True
    removable = False
    described_by = "catalogs"


SYSTEM_CATALOG = Catalogs()

"""``$catalogs``: a record per catalog, so that a field can point at one."""

from obmen.services.system_catalogs import SystemCatalog


class CatalogsCatalog(SystemCatalog):
    """Shows the descriptions; its id is the catalog's."""

    text_id = "$catalogs"
    order = 1
    icon = "content-8"
    fields = ({"id": "$name", "type": "text"},)
    read_only = True


SYSTEM_CATALOG = CatalogsCatalog()

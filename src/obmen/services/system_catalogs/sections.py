"""``$sections``: a record per section, so that a field can point at one."""

from obmen.services.system_catalogs import SystemCatalog


class Sections(SystemCatalog):
    """Shows the descriptions; a record's number is the section's."""

    number = 2
    text_id = "$sections"
    icon = "content-11"
    fields = ({"number": 1, "id": "$name", "type": "text"},)
    read_only = True
    removable = False
    described_by = "sections"


SYSTEM_CATALOG = Sections()

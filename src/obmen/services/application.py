"""All use cases of one installation, as ``bootstrap`` wires them; what the API and the workers are handed."""

import msgspec

from obmen.services.accounts.accounts import Accounts
from obmen.services.catalogs.catalogs import Catalogs
from obmen.services.files.files import Files
from obmen.services.processes.listeners import Listeners
from obmen.services.processes.processes import Processes
from obmen.services.records.reading import Records
from obmen.services.schema.cache import CatalogCache
from obmen.settings import Settings
from obmen.storage.database import Database


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """The use cases and what they share."""

    settings: Settings
    database: Database
    cache: CatalogCache
    accounts: Accounts
    catalogs: Catalogs
    records: Records
    files: Files
    listeners: Listeners
    processes: Processes

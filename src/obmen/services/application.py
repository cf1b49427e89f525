"""All use cases of one installation, as ``bootstrap`` wires them; what the API and the workers are handed."""

import msgspec

from obmen.services.accounts.accounts import Accounts
from obmen.services.accounts.profiles import Profiles
from obmen.services.catalogs.catalogs import Catalogs
from obmen.services.catalogs.sections import Sections
from obmen.services.files.files import Files
from obmen.services.processes.listeners import Listeners
from obmen.services.processes.processes import Processes
from obmen.services.records.reading import RecordReader
from obmen.services.records.writing import RecordWriter
from obmen.services.schema.cache import CatalogCache
from obmen.settings import Settings
from obmen.storage.database import Database


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """The use cases and what they share."""

    settings: Settings
    database: Database
    cache: CatalogCache
    accounts: Accounts
    profiles: Profiles
    sections: Sections
    catalogs: Catalogs
    records: RecordReader
    writer: RecordWriter
    files: Files
    listeners: Listeners
    processes: Processes

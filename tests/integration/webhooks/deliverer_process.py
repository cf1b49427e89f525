"""A worker in a process of its own: ``deliverer_process.py URL FOLDER``."""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from webhook_company import PlainHttp, open_company


async def main():
    company = await open_company(sys.argv[1], Path(sys.argv[2]), PlainHttp())
    await company.deliverer(timeout_s=30)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())

"""Files that are served or read as they are: pages, the demo's scenario, and in ``vendor`` what the build brings from npm."""

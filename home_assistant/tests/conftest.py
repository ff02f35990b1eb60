"""Before Home Assistant looks for custom integrations, the package is that of the folder above."""

import custom_components.discover.const  # noqa: F401

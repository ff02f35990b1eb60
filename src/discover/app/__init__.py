"""`discover app`: a home in the browser, by a local web server over `discover.open`.

The routes are in docs/reference/app_api.md; `contract` and `contract_patterns` define them.
"""

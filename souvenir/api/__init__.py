"""The only room that speaks GraphQL and HTTP: it parses, authorises, asks the shop once, and answers. No rules here.

`http/` serves any schema. `storefront/`, `pos/`, `finance/` and `backoffice/` are one audience's each, and do not know each
other; what several audiences see lies beside them.
"""

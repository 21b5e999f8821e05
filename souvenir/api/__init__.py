"""The only room that speaks GraphQL and HTTP: it parses, authorises, asks the shop once, and answers. No rules here."""

"""Documentation pages, errata and operations → the derived files; the one room that reads Markdown."""

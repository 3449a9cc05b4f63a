"""The fake for people: a page that shows what it holds, and the API's description."""

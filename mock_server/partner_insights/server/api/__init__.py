"""The operations of the API: a request → the response of a healthy service."""

"""HTTP itself: request headers, routes, responses, errors, timeouts."""

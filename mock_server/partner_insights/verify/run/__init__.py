"""A URL → requests made, responses judged: the contract suite's run."""

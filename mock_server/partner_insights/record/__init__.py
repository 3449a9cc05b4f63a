"""Real traffic → a recording: judged as it passes, and without its customers' names."""

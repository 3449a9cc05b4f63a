"""The server as a process: options → listening workers that say when they are ready."""

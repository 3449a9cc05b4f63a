"""A fake as a child process, under the name that was public before: see `partner_insights.child_server`."""

from partner_insights.child_server import RunningFake, running_fake, start_fake

__all__ = ["RunningFake", "running_fake", "start_fake"]

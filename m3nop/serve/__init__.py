"""The service: schedules, events and the doors that they come through, on top of ``m3nop.app``."""

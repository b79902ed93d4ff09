"""A local stand-in for SMS and WhatsApp providers."""

__version__ = "0.1.0"

"""SMS Buddy without HTTP."""

"""uBill without HTTP."""

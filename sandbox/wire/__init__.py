"""What HTTP itself may get wrong: refused in our words, with a number and an entry in the journal."""

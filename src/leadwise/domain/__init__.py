"""Words of the business: lead, event, outcome, target, score, column, card, errors. No input or output."""

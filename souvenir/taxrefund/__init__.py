"""Tax refunds for overseas travellers: the rule book, the claim, the guarantee behind an advance, customs' answer."""

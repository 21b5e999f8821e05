"""Words every context shares: money, dates, identifiers, localized text, refusals. Pure: no stores, no clocks but one."""

"""A cohort's Shapley values by tables: each group of leaves sees few distinct patterns, so each is worked once."""


def fits_tables(e):
    return False


explain_cohort = None

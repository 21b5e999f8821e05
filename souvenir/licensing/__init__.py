"""Licences that guard the sale and pay to the cent: grants, gift marks, royalties, recoupment."""

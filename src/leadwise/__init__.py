"""leadwise says for every lead how likely it is to convert, why, and what to do next."""

"""Results as one offline HTML file; does not know how numbers were made."""

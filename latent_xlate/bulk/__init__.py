"""Translation and encoding of data sets of any size, by pipelines of Apache Beam (extra `beam`)."""

# run.R DRIVER [PART [ROUNDS]]: compares with R and ends with the number of differences.  Parts are the other files here.
args <- commandArgs(TRUE)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
parts <- if (length(args) > 1 && args[2] != "all") args[2] else c("classical", "survival", "regression", "mixed")
rounds <- if (length(args) > 2) as.integer(args[3]) else 100L
source(file.path(here, "campaign.R"))
bad <- 0
for (p in parts) {
  peers$lines <- character(); peers$want <- list()
  source(file.path(here, paste0(p, ".R")))
  result <- peers$run(args[1])
  bad <- bad + peers$report(result)
}
cat(if (bad) sprintf("%d numbers differ\n", bad) else "no number differs\n")
quit(status = if (bad) 1 else 0)

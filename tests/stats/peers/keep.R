# keep.R FOLDER: writes the cases that the suite keeps, with R's answers, to FOLDER/cases.txt and FOLDER/expected.csv.
# Made with R 4.2.2, survival 3.5-3 and mmrm 0.3.18; a case's number is the seed of its data.
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE))))
source(file.path(here, "campaign.R"))
kept <- list(
  survival = c("cx6", "cx63",  # late entry and a coefficient without bound: what was left of a risk set was rounding
    "cx49",                    # robust errors of two clusters: the scores cancel, and the error is no number
    "cx382",                   # late entry, and no risk set in which the covariate varies
    "km142",                   # weighted: limits at a censoring differ in the last bit, and quantiles took the wrong step
    "cx11", "km3"),
  mixed = c("mm18", "mm15"))   # between-within df when rows have weights
rounds <- 400
for (part in names(kept)) {
  source(file.path(here, paste0(part, ".R")))
  ids <- sub("^case [a-z_]+ ", "", grep("^case ", peers$lines, value = TRUE))
  of <- ids[cumsum(grepl("^case ", peers$lines))]
  w <- do.call(rbind, peers$want)
  if (part == names(kept)[1]) { lines <- character(); want <- NULL }
  lines <- c(lines, peers$lines[of %in% kept[[part]]]); want <- rbind(want, w[w$id %in% kept[[part]], ])
  peers$lines <- character(); peers$want <- list()
}
folder <- commandArgs(TRUE)[1]
writeLines(lines, file.path(folder, "cases.txt"))
write.csv(data.frame(id = want$id, quantity = want$quantity, value = ifelse(is.na(want$want), "", tolower(sprintf("%.15g", want$want))), rel_tol = want$rel, abs_tol = want$abs,
  label = want$label), file.path(folder, "expected.csv"), row.names = FALSE, quote = 6)

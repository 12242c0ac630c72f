# campaign.R: what every part of the campaign uses: cases for the driver, what R answers, and the comparison.
#
#   case <- peers$add(family, id, list(name = numbers, ...), expect)
#
# `expect` is a list of expected(label, tolerance, quantity = value, ...): `label` is the row of the table that
# is printed, tolerance is relative (and, scaled by `scale`, absolute).

peers <- new.env()
peers$lines <- character()
peers$want <- list()
peers$through <- list()

# `optional`: the driver may refuse (a documented limit); `through`: applied to what the driver says before comparing.
expected <- function(label, values, rel = 1e-9, abs = 1e-12, optional = FALSE, through = NULL)
  list(label = label, values = values, rel = rel, abs = abs, optional = optional, through = through)

numbers <- function(x) { s <- sprintf("%.17g", as.numeric(x)); s[is.na(x)] <- "NA"; s }

peers$add <- function(family, id, items, expect) {
  text <- c(paste("case", family, id), vapply(names(items), function(n)
    paste(c(n, length(items[[n]]), numbers(items[[n]])), collapse = " "), ""), "end")
  peers$lines <- c(peers$lines, text)
  for (e in expect) {
    if (!length(e$values)) next
    v <- unlist(e$values)
    peers$want[[length(peers$want) + 1]] <- data.frame(id = id, quantity = names(v), want = unname(v), label = e$label,
      rel = e$rel, abs = e$abs, optional = e$optional)
    if (!is.null(e$through)) peers$through[[id]] <- e$through
  }
}

peers$run <- function(driver) {
  file <- tempfile(fileext = ".txt")
  writeLines(peers$lines, file)
  out <- system2(driver, file, stdout = TRUE)
  got <- read.csv(text = out, header = FALSE, col.names = c("id", "quantity", "got"), na.strings = c("nan", "-nan", "NA"))
  got$got <- as.numeric(got$got)
  want <- do.call(rbind, peers$want)
  m <- merge(want, got, by = c("id", "quantity"), all.x = TRUE, sort = FALSE)
  status <- got[got$quantity == "status", ]
  m$status <- status$got[match(m$id, status$id)]
  for (i in names(peers$through)) m$got[m$id == i] <- peers$through[[i]](m$got[m$id == i], as.integer(m$quantity[m$id == i]))
  m$given <- paste(m$id, m$quantity) %in% paste(got$id, got$quantity)
  same <- (is.na(m$got) & is.na(m$want)) | (!is.na(m$got) & !is.na(m$want) & m$got == m$want)
  m$distance <- ifelse(same, 0, abs(m$got - m$want))
  m$relative <- ifelse(same, 0, m$distance / pmax(abs(m$want), m$abs / m$rel))
  m$ok <- (m$optional & !m$given) | m$given & (same | (is.finite(m$distance) & m$distance <= m$abs + m$rel * abs(m$want)))
  m
}

peers$report <- function(m, show = 12) {
  for (l in unique(m$label)) {
    r <- m[m$label == l, ]
    refused <- sum(r$optional & !r$given); r <- r[r$given | !r$optional, ]
    worst <- suppressWarnings(max(r$relative[is.finite(r$relative)]))
    cat(sprintf("%-46s %6d numbers of %4d cases  worst %8.1e  allowed %7.1e  %s\n", l, nrow(r), length(unique(r$id)), worst,
                max(r$rel), paste0(if (refused) sprintf("%d refused, ", refused), if (all(r$ok)) "ok" else sprintf("%d DIFFER", sum(!r$ok)))))
  }
  bad <- m[!m$ok, ]
  if (nrow(bad)) {
    bad <- bad[order(-ifelse(is.finite(bad$relative), bad$relative, Inf)), ]
    print(head(bad[, c("label", "id", "quantity", "want", "got", "relative", "status")], show), row.names = FALSE, digits = 12)
  }
  invisible(nrow(bad))
}

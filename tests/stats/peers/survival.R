# Kaplan-Meier, log-rank, restricted means and Cox models, beside R's survival.
suppressPackageStartupMessages(library(survival))
tight <- coxph.control(eps = 1e-14, iter.max = 80, toler.chol = 1e-15)

# Times with ties, censoring, late entry, weights, groups without events: by the case's number.
chart_of <- function(k) {
  set.seed(1000 + k)
  n <- sample(c(6, 12, 30, 90, 250), 1); p <- if (n < 20) 1 else sample(1:4, 1)
  x <- matrix(rnorm(n * p), n, p); x[, 1] <- rbinom(n, 1, .5)
  t <- rexp(n, exp(.6 * x[, 1]) / 10); e <- rbinom(n, 1, sample(c(.3, .6, 1), 1))
  t <- switch(sample(3, 1), t, ceiling(t), ceiling(t / 4)) + 0
  late <- runif(1) < .25
  list(n = n, p = p, x = x, time = t, event = e, start = if (late) floor(t * runif(n) * 10) / 10 * .9 else NULL,
    weight = if (runif(1) < .3) sample(c(.3, 1, 2.5), n, TRUE) else NULL, stratum = if (runif(1) < .3) sample(0:2, n, TRUE) else NULL,
    cluster = if (runif(1) < .3) sample(max(3, n / 3), n, TRUE) else NULL, group = sample(0:sample(1:2, 1), n, TRUE))
}
surv_of <- function(d) if (is.null(d$start)) Surv(d$time, d$event) else Surv(d$start, d$time, d$event)

curves <- function(k) {
  d <- chart_of(k); g <- d$group; if (length(unique(g)) < 2) return(invisible())
  if (length(unique(g)) != max(g) + 1) return(invisible())
  w <- if (is.null(d$weight)) rep(1, d$n) else d$weight; robust <- !is.null(d$weight)
  v <- c(); ci <- c(); q <- c(); r <- c()
  tau <- unname(quantile(d$time, .7))
  for (kind in c("log", "log-log", "plain")) {
    name <- c(log = "log", `log-log` = "loglog", plain = "plain")[[kind]]
    row <- 0
    for (i in seq_len(max(g) + 1) - 1) {
      at <- g == i
      s <- tryCatch(survfit(surv_of(lapply(d[c("time", "event", "start")], function(z) z[at])) ~ 1, weights = w[at], conf.type = kind, robust = robust), error = function(e) NULL)
      if (is.null(s)) return(invisible())
      y <- summary(s, censored = TRUE); m <- length(y$time); id <- row + seq_len(m); row <- row + m
      if (!is.null(d$start)) { # R lists times at which someone enters too
        keep <- y$n.event + y$n.censor > 0; if (!all(keep)) return(invisible())
      }
      if (kind == "log") v <- c(v, setNames(y$n.risk, paste0("risk.", id)), setNames(y$surv, paste0("surv.", id)),
        setNames(ifelse(y$surv > 1e-12, y$std.err, NA), paste0("se.", id)))
      lo <- y$lower; up <- y$upper; gone <- !(y$surv > 1e-12); lo[gone] <- NA; up[gone] <- NA
      if (kind == "log-log") { one <- y$surv >= 1; lo[one] <- NA; up[one] <- NA }
      ci <- c(ci, setNames(lo, paste0(name, ".lower.", id)), setNames(up, paste0(name, ".upper.", id)))
      z <- quantile(s, 1:3 / 4)
      # plain limits with jackknife errors: R's interval at S = 0 is 0 to 0, here it is not estimable
      if (!(kind == "plain" && robust)) for (j in 1:3) q <- c(q, setNames(c(z$quantile[j], z$lower[j], z$upper[j]), paste0(name, ".q", j, i, c(".time", ".lower", ".upper"))))
      if (kind == "log" && is.null(d$start) && !robust) { t <- tryCatch(summary(s, rmean = tau)$table, error = function(e) NULL)
        if (!is.null(t)) r <- c(r, setNames(c(t[["rmean"]], t[["se(rmean)"]]), c(paste0("rmst", i), paste0("rmst.se", i)))) }
    }
  }
  ex <- list(expected(if (robust) "Kaplan-Meier, weights, jackknife error" else "Kaplan-Meier, Greenwood", v, rel = 1e-9, abs = 1e-11),
    expected("Kaplan-Meier, log, log-log, plain limits", ci, rel = 1e-8, abs = 1e-10),
    expected("Kaplan-Meier, quartiles with limits", q, rel = 1e-9))
  if (length(r)) ex <- c(ex, list(expected("restricted mean and error", r, rel = 1e-8, abs = 1e-10)))
  if (is.null(d$weight) && is.null(d$start) && sum(d$event) > 0) for (rho in 0:1) {
    s <- tryCatch(if (is.null(d$stratum)) survdiff(Surv(d$time, d$event) ~ g, rho = rho) else survdiff(Surv(d$time, d$event) ~ g + strata(d$stratum), rho = rho), error = function(e) NULL)
    if (is.null(s)) next
    e <- if (is.matrix(s$exp)) rowSums(s$exp) else s$exp; n <- if (rho) "peto" else "logrank"
    df <- sum(e > 0) - 1; if (df < 1) next
    ex <- c(ex, list(expected(if (is.null(d$stratum)) "log-rank, Peto" else "log-rank, Peto, stratified", setNames(c(s$chisq, pchisq(s$chisq, df, lower.tail = FALSE), e), c(n, paste0(n, ".p"), paste0(n, ".expected", seq_along(e) - 1))), rel = 1e-8)))
  }
  peers$add("survival", paste0("km", k), Filter(Negate(is.null), list(time = d$time, event = d$event, start = d$start, weight = d$weight, group = g, groups = max(g) + 1,
    stratum = d$stratum, robust = as.integer(robust), tau = tau)), ex)
}

cox <- function(k) {
  d <- chart_of(k + 5000); if (sum(d$event) == 0) return(invisible())
  ties <- sample(0:2, 1); if (ties == 2 && (!is.null(d$weight) || !is.null(d$start) || !is.null(d$cluster))) ties <- 0
  robust <- !is.null(d$weight) || !is.null(d$cluster) || (ties < 2 && runif(1) < .3)
  y <- surv_of(d); f <- list(y ~ x)
  x <- d$x; w <- if (is.null(d$weight)) rep(1, d$n) else d$weight; id <- if (is.null(d$cluster)) seq_len(d$n) else d$cluster
  st <- if (is.null(d$stratum)) rep(0, d$n) else d$stratum
  method <- c("efron", "breslow", "exact")[ties + 1]
  warned <- FALSE
  fo <- if (is.null(d$stratum)) y ~ x else y ~ x + strata(st)
  m <- withCallingHandlers(tryCatch(
      if (ties == 2) coxph(fo, ties = method, control = tight) else
      if (robust) coxph(fo, weights = w, ties = method, cluster = id, robust = TRUE, control = tight) else coxph(fo, weights = w, ties = method, control = tight),
    error = function(e) NULL), warning = function(e) { warned <<- TRUE; invokeRestart("muffleWarning") })
  if (is.null(m)) return(invisible())
  s <- summary(m); b <- coef(m)
  items <- Filter(Negate(is.null), list(time = d$time, event = d$event, start = d$start, weight = d$weight, stratum = d$stratum, cluster = d$cluster,
    covariates = d$p, x = as.vector(base::t(x)), ties = ties, robust = as.integer(robust)))
  if (warned || any(abs(b) > 12, na.rm = TRUE) || anyNA(b)) # runs to infinity: only the likelihood has a limit
    return(peers$add("cox", paste0("cx", k), items, list(expected("Cox, a coefficient without bound: likelihood", c(loglik0 = m$loglik[1], loglik = m$loglik[2], if (d$p == 1) c(coef1 = sign(b[[1]]) * Inf)), rel = 1e-6, abs = 1e-5))))
  i <- seq_along(b); lab <- paste0("Cox, ", method, if (robust) ", robust", if (!is.null(d$start)) ", late entry")
  if (robust && any(sqrt(diag(m$var)) < 1e-10 * sqrt(diag(m$naive.var)))) # scores cancel: R shows rounding
    return(peers$add("cox", paste0("cx", k), items, list(expected("Cox, robust error of too few clusters", c(setNames(b, paste0("coef", seq_along(b))), wald = NA), rel = 1e-7))))
  se <- s$coefficients[, if (robust) "robust se" else "se(coef)"]
  ex <- list(expected(lab, c(setNames(b, paste0("coef", i)), setNames(se, paste0("se", i)), setNames(s$coefficients[, "Pr(>|z|)"], paste0("p", i)), setNames(s$conf.int[, "upper .95"], paste0("upper", i)),
    loglik0 = m$loglik[1], loglik = m$loglik[2], wald = m$wald.test[[1]], score = m$score, lr = 2 * diff(m$loglik)), rel = 1e-7, abs = 1e-8))
  if (ties < 2) {
    for (sc in c("km", "identity", "log")) {
      z <- if (sc == "log") tryCatch(cox.zph(m, transform = log, terms = FALSE), error = function(e) NULL) else tryCatch(cox.zph(m, transform = sc, terms = FALSE), error = function(e) NULL)
      if (is.null(z)) next
      z <- z$table; v <- setNames(z[i, "chisq"], paste0("zph.", sc, i)); if (d$p > 1) v[paste0("zph.", sc, ".global")] <- z["GLOBAL", "chisq"]
      ex <- c(ex, list(expected("Cox, proportionality", v, rel = 1e-6, abs = 1e-8)))
    }
    h <- basehaz(m, centered = FALSE); if (is.null(h$strata)) h$strata <- factor("all")
    step <- unlist(tapply(seq_len(nrow(h)), h$strata, function(r) { u <- h$hazard[r]; u[c(u[1] > 0, diff(u) > 1e-13 * max(u))] }))
    ex <- c(ex, list(expected("Cox, baseline hazard", setNames(step, paste0("hazard", seq_along(step))), rel = 1e-7, abs = 1e-10)))
    if (is.null(d$start)) { cc <- tryCatch(concordance(m), error = function(e) NULL)
      if (!is.null(cc)) ex <- c(ex, list(expected("concordance", c(c = unname(cc$concordance), if (is.null(d$cluster)) c(c.se = sqrt(cc$var))), rel = 1e-7))) }
  }
  peers$add("cox", paste0("cx", k), items, ex)
}

for (k in seq_len(rounds)) { curves(k); cox(k) }

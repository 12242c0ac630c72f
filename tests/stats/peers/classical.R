# Tests between groups, proportions, rates, multiplicity, tails, pooling, resampling.  R's own stats package is the peer;
# formulas that it lacks are written here from their papers, apart from the C.

tryna <- function(e) tryCatch(suppressWarnings(e), error = function(e) NA_real_)
t_values <- function(name, t, n = 1) {
  est <- if (length(t$estimate) == 2) t$estimate[[1]] - t$estimate[[2]] else t$estimate[[1]]
  setNames(c(est, t$stderr, t$statistic, t$parameter, t$p.value, t$conf.int), paste0(name, ".", c("estimate", "se", "t", "df", "p", "lower", "upper")))
}

# Streitberg & Roehmel by brute convolution over doubled midranks: the permutation distribution of the rank sum.
exact_rank_p <- function(x, y) {
  r <- round(2 * rank(c(x, y))); m <- length(x); top <- sum(r)
  f <- matrix(0, m + 1, top + 1); f[1, 1] <- 1
  for (v in r) for (k in m:1) { s <- (v + 1):(top + 1); f[k + 1, s] <- f[k + 1, s] + f[k, s - v] }
  p <- f[m + 1, ] / sum(f[m + 1, ]); w <- sum(r[seq_len(m)])
  min(1, 2 * min(sum(p[seq_len(w + 1)]), sum(p[(w + 1):(top + 1)])))
}

two_samples <- function(k) {
  set.seed(k)
  n <- sample(c(2:12, 20, 60, 120), 1); m <- if (runif(1) < .4) n else sample(c(2:12, 25, 70), 1)
  shape <- sample(4, 1)
  draw <- function(n, mu) switch(shape, rnorm(n, mu, 3), round(rnorm(n, mu, 3)), rexp(n) + mu, mu + 1e6 + rnorm(n) * 1e-2)
  x <- draw(n, 0); y <- draw(m, runif(1, -2, 2)) * 1
  if (shape == 2 && runif(1) < .1) x[] <- 3
  if (sd(x) == 0 && sd(y) == 0) y[1] <- y[1] + 1
  level <- sample(c(.8, .9, .95, .99), 1)
  one <- if (sd(x) > 0) t_values("one", t.test(x, conf.level = level)) else NULL
  w <- t_values("welch", t.test(x, y, conf.level = level)); p <- t_values("pooled", t.test(x, y, var.equal = TRUE, conf.level = level))
  paired <- if (n == m && sd(x - y) > 0) t_values("paired", t.test(x, y, paired = TRUE, conf.level = level)) else NULL
  tied <- any(duplicated(c(x, y)))
  auto <- suppressWarnings(wilcox.test(x, y)); normal <- suppressWarnings(wilcox.test(x, y, exact = FALSE))
  s2 <- ((n - 1) * var(x) + (m - 1) * var(y)) / (n + m - 2); d <- (mean(x) - mean(y)) / sqrt(s2); v <- n + m - 2
  j <- exp(lgamma(v / 2) - lgamma((v - 1) / 2)) / sqrt(v / 2)
  tol <- if (shape == 4) 1e-6 else 1e-10  # a spread of 1e-2 beside 1e6 leaves six digits
  ex <- list(
    expected("t: one sample, paired, Welch, pooled", c(one, w, p, paired), rel = tol, abs = tol * 1e-2),
    expected("rank sum, normal approximation", c(rank.normal.w = unname(normal$statistic), rank.normal.p = normal$p.value)),
    expected("rank sum, as R chooses", c(rank.auto.w = unname(auto$statistic), rank.auto.p = auto$p.value)),
    expected("Cohen's d, Hedges' g", c(cohen = d, hedges = if (v > 1) d * j else NA), rel = tol),
    expected("standardised difference, ratio, KS", c(smd = (mean(x) - mean(y)) / sqrt((var(x) + var(y)) / 2), ratio = if (var(y) > 0) var(x) / var(y) else NA,
      ks = unname(suppressWarnings(ks.test(x, y))$statistic)), rel = tol),
    expected("quantiles (types 2, 7), sd", c(setNames(quantile(x, c(.25, .5, .75), type = 2), c("q1.2", "median.2", "q3.2")),
      setNames(quantile(x, c(.25, .5, .75), type = 7), c("q1.7", "median.7", "q3.7")), sd = sd(x)), rel = tol))
  if (n + m <= 80) ex <- c(ex, list(expected("rank sum, exact also with ties", c(rank.exact.p = if (tied) exact_rank_p(x, y)
    else suppressWarnings(wilcox.test(x, y, exact = TRUE))$p.value))))
  peers$add("two_samples", paste0("ts", k), list(x = x, y = y, level = level), ex)
}

counts <- function(k) {
  set.seed(k)
  r <- sample(2:4, 1); c <- sample(2:5, 1)
  t <- matrix(rpois(r * c, sample(c(.7, 2, 6, 20), 1)), r, c)
  if (any(rowSums(t) == 0) || any(colSums(t) == 0)) return(invisible())
  x <- suppressWarnings(chisq.test(t, correct = FALSE))
  f <- if (sum(t) <= 50) tryna(fisher.test(t, workspace = 2e7)$p.value) else NA # R takes minutes beyond
  ex <- list(expected("chi-square", c(chi = unname(x$statistic), chi.p = x$p.value)))
  if (!is.na(f)) ex <- c(ex, list(expected("Fisher, r x c", c(fisher = f), rel = 1e-6, optional = TRUE)))
  if (r == 2) {
    p1 <- t[1, ] / sum(t[1, ]); p0 <- t[2, ] / sum(t[2, ]); s <- function(p) diag(p) - p %o% p
    S <- ((s(p1) + s(p0)) / 2)[-1, -1, drop = FALSE]; D <- (p1 - p0)[-1]
    ex <- c(ex, list(expected("standardised difference, categories", c(smd = sqrt(drop(D %*% MASS::ginv(S) %*% D))), rel = 1e-8, abs = 1e-9)))
  }
  peers$add("counts", paste0("ct", k), list(table = as.vector(base::t(t)), rows = r, columns = c), ex)
}

# Miettinen & Nurminen 1985 by brute search: the restricted maximum by optimise, the limits by uniroot.
score_limits <- function(x1, n1, x0, n0, level) {
  p1 <- x1 / n1; p0 <- x0 / n0; z <- qnorm((1 + level) / 2)
  chi <- function(d) {
    l <- max(0, -d); u <- min(1, 1 - d)
    ll <- function(q) { a <- function(x, p) ifelse(x == 0, 0, x * log(p)); a(x1, q + d) + a(n1 - x1, 1 - q - d) + a(x0, q) + a(n0 - x0, 1 - q) }
    q <- optimise(ll, c(l, u), maximum = TRUE, tol = 1e-12)$maximum
    for (e in c(l, u)) if (is.finite(ll(e)) && ll(e) >= ll(q)) q <- e
    v <- ((q + d) * (1 - q - d) / n1 + q * (1 - q) / n0) * (n1 + n0) / (n1 + n0 - 1)
    if (v <= 1e-15) if (abs(p1 - p0 - d) < 1e-9) 0 else Inf else (p1 - p0 - d)^2 / v
  }
  root <- function(a, b) tryCatch(uniroot(function(d) min(chi(d), 1e6) - z^2, c(a, b), tol = 1e-10)$root, error = function(e) NA)
  d <- p1 - p0
  c(if (d > -1) root(-1 + 1e-9, d) else NA, if (d < 1) root(d, 1 - 1e-9) else NA)
}

two_by_two <- function(k) {
  set.seed(k)
  n1 <- sample(c(1:8, 15, 42, 111, 400), 1); n0 <- sample(c(1:8, 15, 42, 111, 300), 1)
  x1 <- rbinom(1, n1, sample(c(.02, .3, .6, .97), 1)); x0 <- rbinom(1, n0, sample(c(.02, .3, .6, .97), 1))
  level <- sample(c(.9, .95, .99), 1); z <- qnorm((1 + level) / 2); p1 <- x1 / n1; p0 <- x0 / n0; d <- p1 - p0
  w1 <- prop.test(x1, n1, correct = FALSE, conf.level = level)$conf.int |> suppressWarnings()
  w0 <- prop.test(x0, n0, correct = FALSE, conf.level = level)$conf.int |> suppressWarnings()
  if (x1 == 0) w1[1] <- 0; if (x1 == n1) w1[2] <- 1; if (x0 == 0) w0[1] <- 0; if (x0 == n0) w0[2] <- 1
  e1 <- binom.test(x1, n1, conf.level = level)$conf.int
  a1 <- (x1 + 1) / (n1 + 2); a0 <- (x0 + 1) / (n0 + 2); ac <- sqrt(a1 * (1 - a1) / (n1 + 2) + a0 * (1 - a0) / (n0 + 2))
  wald <- d + c(-1, 1) * z * sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0)
  t <- matrix(c(x1, n1 - x1, x0, n0 - x0), 2, byrow = TRUE)
  ex <- list(
    expected("Wilson", c(wilson.lower = w1[1], wilson.upper = w1[2]), abs = 1e-11),
    expected("Clopper-Pearson", c(exact.lower = e1[1], exact.upper = e1[2]), rel = 1e-9),
    expected("Newcombe", c(newcombe.lower = d - sqrt((p1 - w1[1])^2 + (w0[2] - p0)^2), newcombe.upper = d + sqrt((w1[2] - p1)^2 + (p0 - w0[1])^2)), abs = 1e-11),
    expected("Agresti-Caffo, Wald", c(ac.lower = max(-1, a1 - a0 - z * ac), ac.upper = min(1, a1 - a0 + z * ac), wald.lower = max(-1, wald[1]), wald.upper = min(1, wald[2])), abs = 1e-11))
  mn <- setNames(score_limits(x1, n1, x0, n0, level), c("mn.lower", "mn.upper")); mn <- mn[!is.na(mn)]
  if (length(mn)) ex <- c(ex, list(expected("Miettinen-Nurminen", mn, rel = 1e-6, abs = 1e-6)))
  if (all(t > 0)) {
    lo <- log(x1 * (n0 - x0) / (x0 * (n1 - x1))); s <- sqrt(sum(1 / t))
    ex <- c(ex, list(expected("odds ratio, Woolf", c(or = exp(lo), woolf.lower = exp(lo - z * s), woolf.upper = exp(lo + z * s)))))
  }
  if (x1 > 0 && x0 > 0) {
    lr <- log(p1 / p0); s <- sqrt(1 / x1 - 1 / n1 + 1 / x0 - 1 / n0)
    ex <- c(ex, list(expected("risk ratio, Katz", c(rr = exp(lr), katz.lower = exp(lr - z * s), katz.upper = exp(lr + z * s)))))
  }
  if (all(rowSums(t) > 0) && all(colSums(t) > 0)) {
    f <- fisher.test(t, conf.level = level); cc <- suppressWarnings(chisq.test(t, correct = FALSE)); cy <- suppressWarnings(chisq.test(t))
    small <- max(f$conf.int[is.finite(f$conf.int)], f$estimate[is.finite(f$estimate)], 0) < 300
    ex <- c(ex, list(expected("Fisher, 2 x 2", c(fisher = f$p.value), rel = 1e-6),
      expected("chi-square with and without Yates", c(chi = unname(cc$statistic), chi.p = cc$p.value, yates = unname(cy$statistic), yates.p = cy$p.value), abs = 1e-11)))
    # fisher.test solves on [0, 1] of 1/odds with tolerance 1.2e-4 relative to 1: compare where that means something
    if (small) ex <- c(ex, list(expected("conditional odds ratio, exact limits", c(conditional = unname(f$estimate), cornfield.lower = f$conf.int[1],
      cornfield.upper = f$conf.int[2]), rel = 3e-2, abs = 2e-4)))
  }
  if (x1 + x0 > 0) ex <- c(ex, list(expected("McNemar", c(mcnemar = (x1 - x0)^2 / (x1 + x0), mcnemar.exact = binom.test(x1, x1 + x0)$p.value), rel = 1e-9)))
  peers$add("two_by_two", paste0("tt", k), list(x1 = x1, n1 = n1, x0 = x0, n0 = n0, level = level), ex)
}

rates <- function(k) {
  set.seed(k)
  e <- rpois(2, sample(c(.5, 3, 20, 200), 1)); t <- signif(runif(2, 1, 500), 4); level <- sample(c(.9, .95), 1)
  p <- poisson.test(e[1], t[1], conf.level = level)$conf.int
  ex <- list(expected("Poisson rate, exact", c(lower = p[1], upper = p[2]), rel = 1e-9))
  if (sum(e) > 0) {
    q <- poisson.test(e, t, conf.level = level)
    ex <- c(ex, list(expected("Poisson rate ratio, exact", c(ratio.lower = q$conf.int[1], ratio.upper = q$conf.int[2], p = q$p.value), rel = 1e-8)))
  }
  peers$add("rates", paste0("rt", k), list(e1 = e[1], t1 = t[1], e0 = e[2], t0 = t[2], level = level), ex)
}

adjust <- function(k) {
  set.seed(k)
  p <- round(runif(sample(1:12, 1))^sample(1:4, 1), sample(c(2, 12), 1))
  if (runif(1) < .2) p[sample(length(p), 1)] <- NA
  if (all(is.na(p))) return(invisible())
  v <- c()
  for (m in c("bonferroni", "holm", "hochberg", "hommel", "bh")) {
    a <- p.adjust(p, if (m == "bh") "BH" else m); v <- c(v, setNames(a, paste0(m, ".", seq_along(p))))
  }
  peers$add("adjust", paste0("ad", k), list(p = p), list(expected("Bonferroni, Holm, Hochberg, Hommel, BH", v, rel = 1e-12)))
}

distributions <- function(n = 400) {
  set.seed(1)
  u <- runif(n)^sample(c(1, 8, 30), n, TRUE); u <- ifelse(runif(n) < .3, 1 - u, u); u[u >= 1] <- .5; u[u <= 0] <- .5
  df <- exp(runif(n, log(.3), log(3000))); df2 <- exp(runif(n, log(.5), log(3000)))
  z <- rnorm(n) * sample(c(1, 4, 15), n, TRUE); x <- rgamma(n, df / 2, .5) * exp(rnorm(n, sd = .3)); f <- exp(rnorm(n, sd = 1.2))
  N <- sample(c(1, 5, 20, 150, 3000), n, TRUE); K <- rbinom(n, N, runif(n)); pr <- runif(n); mu <- exp(runif(n, -2, 7)); C <- rpois(n, mu)
  # beside 1e-280 R's pbeta underflows to 0 although its logarithm is right
  one <- function(id, x, a, b, want, rel = 2e-11) peers$add("distribution", id, list(x = x, a = a, b = b),
    list(expected("tails of normal, t, chi-square, F, beta, counts", setNames(want, seq_along(x)), rel = rel, abs = 1e-280)))
  # R's own quantiles lose digits in the tails (qf, qt with df below 1), so ours go back through R's tail functions
  # and must give the probability asked for, on the side where it is small.
  quantiles <- function(id, u, a, b, tail, rel = 1e-9) peers$add("distribution", id, list(x = u, a = a, b = b),
    list(expected("quantiles, put back through R's tails", setNames(pmin(u, 1 - u), seq_along(u)), rel = rel, abs = 1e-300,
      through = function(q, i) { p <- ifelse(u[i] < .5, tail(q, a[i], b[i], TRUE), tail(q, a[i], b[i], FALSE)); ifelse(is.na(p), pmin(u, 1 - u)[i], p) }))) # NA: beside 1 a double has too few digits
  one("normal_lower", z, z, z, pnorm(z)); quantiles("normal_quantile", u, u, u, function(q, a, b, l) pnorm(q, lower.tail = l))
  one("t_lower", z, df, df, pt(z, df)); one("t_two_sided", z, df, df, 2 * pt(-abs(z), df)); quantiles("t_quantile", u, df, df, function(q, a, b, l) pt(q, a, lower.tail = l))
  one("chi_lower", x, df, df, pchisq(x, df)); one("chi_upper", x, df, df, pchisq(x, df, lower.tail = FALSE)); quantiles("chi_quantile", u, df, df, function(q, a, b, l) pchisq(q, a, lower.tail = l))
  one("f_lower", f, df, df2, pf(f, df, df2)); one("f_upper", f, df, df2, pf(f, df, df2, lower.tail = FALSE)); quantiles("f_quantile", u, df, df2, function(q, a, b, l) pf(q, a, b, lower.tail = l))
  one("beta_lower", pr, df, df2, pbeta(pr, df, df2)); one("beta_upper", pr, df, df2, pbeta(pr, df, df2, lower.tail = FALSE)); quantiles("beta_quantile", u, df, df2, function(q, a, b, l) if (l) pbeta(q, a, b) else ifelse(q > 1 - 1e-6, NA, pbeta(q, a, b, lower.tail = FALSE)))
  quantiles("gamma_quantile", u, df, df, function(q, a, b, l) pgamma(q, a, lower.tail = l))
  one("binomial_mass", K, N, pr, dbinom(K, N, pr)); one("binomial_at_most", K, N, pr, pbinom(K, N, pr)); one("binomial_at_least", K, N, pr, pbinom(K - 1, N, pr, lower.tail = FALSE))
  one("poisson_at_most", C, mu, mu, ppois(C, mu)); one("poisson_at_least", C, mu, mu, ppois(C - 1, mu, lower.tail = FALSE))
}

evalues <- function(k) {
  set.seed(k)
  scale <- sample(0:3, 1); est <- if (scale == 3) rnorm(1) else exp(rnorm(1)); se <- runif(1, .05, .6)
  lower <- if (scale == 3) 0 else est * exp(-1.96 * se); upper <- if (scale == 3) 0 else est * exp(1.96 * se)
  to <- switch(scale + 1, identity, sqrt, function(h) (1 - .5^sqrt(h)) / (1 - .5^sqrt(1 / h)), function(d) exp(.91 * d))
  r <- to(est); l <- if (scale == 3) exp(.91 * est - 1.78 * se) else to(lower); u <- if (scale == 3) exp(.91 * est + 1.78 * se) else to(upper)
  E <- function(r) { r <- max(r, 1 / r); r + sqrt(r * (r - 1)) }
  peers$add("evalue", paste0("ev", k), list(scale = scale, estimate = est, lower = lower, upper = upper, se = if (scale == 3) se else 0),
    list(expected("E-values", c(point = E(r), limit = if (l <= 1 && u >= 1) 1 else if (r > 1) E(l) else E(u)))))
}

pool <- function(k) {
  set.seed(k)
  m <- sample(c(2, 3, 10, 50), 1); q <- rnorm(m, 1, sample(c(.01, .5, 3), 1)); se <- runif(m, .2, 2); df <- sample(c(3, 40, 1e3, Inf), 1)
  p <- mice::pool.scalar(q, se^2, n = df + 1, k = 1)
  lambda <- (1 + 1 / m) * p$b / p$t  # mice raises lambda below 1e-4 to that before it takes the df
  peers$add("pool", paste0("po", k), list(estimate = q, se = se, df = df), list(expected("Rubin's rules, Barnard-Rubin df",
    c(estimate = p$qbar, total = p$t, if (lambda > 1e-4) c(df = p$df, fmi = p$fmi), riv = p$r, lambda = lambda), rel = 1e-10)))
}

bootstraps <- function(k) {
  set.seed(k)
  n <- sample(c(8, 25, 80), 1); R <- 999; x <- rexp(n) + .2; y <- rexp(n) + .5
  stat <- function(d, w) sum(w * d$x) / sum(w * d$y)
  b <- boot::boot(data.frame(x, y), stat, R, stype = "f"); counts <- boot::boot.array(b)
  L <- boot::empinf(b, type = "jack"); L <- L - mean(L)
  t <- b$t[, 1]; t0 <- b$t0; a <- sum(L^3) / (6 * sum(L^2)^1.5); z0 <- qnorm(mean(t < t0)); zz <- z0 + qnorm(c(.025, .975)); q <- function(p) unname(quantile(t, p))
  ci <- boot::boot.ci(b, type = "bca", L = L)$bca[4:5]; bc <- q(pnorm(z0 + zz / (1 - a * zz)))
  nm <- boot::boot.ci(b, type = "norm")$normal[2:3]
  peers$add("bootstrap", paste0("bo", k), list(x = x, y = y, counts = as.vector(base::t(counts))), list(
    expected("bootstrap: se, bias, normal limits (boot)", c(estimate = t0, se = sd(t), bias = mean(t) - t0, normal.lower = nm[1], normal.upper = nm[2]), rel = 1e-9),
    expected("bootstrap: percentile, basic, BCa by type 7", c(percentile.lower = q(.025), percentile.upper = q(.975), basic.lower = 2 * t0 - q(.975), basic.upper = 2 * t0 - q(.025),
      acceleration = a, z0 = z0, bca.lower = bc[1], bca.upper = bc[2]), rel = 1e-9),
    # boot interpolates between order statistics on the normal scale: agrees to a fraction of the gap between them
    expected("bootstrap: BCa limits of boot.ci", c(bca.lower = ci[1], bca.upper = ci[2]), rel = 8e-2)))
}

for (k in seq_len(rounds)) { two_samples(k); counts(k); two_by_two(k); rates(k); adjust(k); evalues(k) }
for (k in seq_len(ceiling(rounds / 5))) { pool(k); bootstraps(k) }
distributions()

# Linear and logistic regression (stats, sandwich, logistf), propensity weights (written out here, with derivatives
# by numDeriv), balance, matching (written out: MatchIt 4.5.1 pairs controls that are not the nearest).
suppressPackageStartupMessages({ library(sandwich); library(numDeriv) })
firth <- suppressWarnings(suppressPackageStartupMessages(require(logistf, quietly = TRUE)))
not_converged <- 7  # rac_status
exact <- glm.control(epsilon = 1e-14, maxit = 300)

design_of <- function(k) {
  set.seed(2000 + k)
  n <- sample(c(8, 15, 40, 120, 400), 1); p <- if (n < 20) 1 else sample(1:5, 1)
  x <- matrix(rnorm(n * p), n, p); x[, 1] <- rbinom(n, 1, sample(c(.5, .2), 1))
  if (p > 2 && runif(1) < .3) x[, 3] <- rbinom(n, 1, .06)             # a rare category
  if (p > 3 && runif(1) < .3) x[, 4] <- x[, 1] - 2 * x[, 2]           # collinear
  if (p > 1 && runif(1) < .2) x[, 2] <- x[, 2] * 1e5 + 3e6            # badly scaled
  list(n = n, p = p, x = cbind(1, x), cluster = sample(max(4, n / 4), n, TRUE), weight = if (runif(1) < .3) sample(c(.5, 1, 3), n, TRUE) else NULL)
}
ses <- function(v) sqrt(pmax(diag(v), 0))

linear <- function(k) {
  d <- design_of(k); x <- d$x; y <- drop(x[, -1, drop = FALSE] %*% rnorm(d$p)) / max(1, sd(x)) + rt(d$n, 4); w <- if (is.null(d$weight)) rep(1, d$n) else d$weight
  m <- lm(y ~ x - 1, weights = w); b <- coef(m); i <- seq_along(b); ok <- !is.na(b); if (m$df.residual < 2) return(invisible())
  put <- function(name, v) { s <- rep(0, length(b)); s[ok] <- v; setNames(s, paste0(name, i)) }
  v <- c(setNames(b, paste0("coef", i)), put("se", ses(vcov(m, complete = FALSE))), sigma = summary(m)$sigma)
  r <- c(); h <- hatvalues(m); full <- any(h > 1 - 1e-9)
  for (t in c("HC0", "HC1", "HC2", "HC3")) if (!full || t %in% c("HC0", "HC1")) r <- c(r, put(paste0(tolower(t), "."), ses(vcovHC(m, t))))
  cl <- put("cl.", ses(vcovCL(m, d$cluster, type = "HC0", cadjust = FALSE)))
  ex <- list(expected("least squares, also collinear", v, rel = 1e-8, abs = 1e-9))
  if (!full) ex <- c(ex, list(expected("least squares, HC0-HC3, clusters", c(r, cl), rel = 1e-8, abs = 1e-10)))
  peers$add("linear", paste0("li", k), Filter(Negate(is.null), list(columns = ncol(x), x = as.vector(t(x)), y = y, weight = d$weight, cluster = d$cluster)), ex)
}

logistic <- function(k) {
  d <- design_of(k + 300); x <- d$x; z <- scale(x[, -1, drop = FALSE]); z[is.nan(z)] <- 0
  eta <- sample(c(-2, 0, 1), 1) + drop(z %*% rnorm(d$p, 0, sample(c(.3, 1.5), 1))); y <- rbinom(d$n, 1, plogis(eta)); if (length(unique(y)) < 2) return(invisible())
  w <- if (is.null(d$weight)) rep(1, d$n) else d$weight
  q <- qr(x); keep <- sort(q$pivot[seq_len(q$rank)]) # with a tight epsilon glm no longer sees what is collinear
  m <- suppressWarnings(glm(y ~ x[, keep] - 1, binomial, weights = w, control = exact)); b <- rep(NA_real_, ncol(x)); b[keep] <- coef(m); i <- seq_along(b); ok <- !is.na(b)
  items <- Filter(Negate(is.null), list(columns = ncol(x), x = as.vector(t(x)), y = y, weight = d$weight, cluster = d$cluster, profile = 1))
  if (!m$converged || max(ses(vcov(m)) * apply(x[, keep, drop = FALSE], 2, function(v) max(abs(v)))) > 1e3) # separated: refused by name
    return(peers$add("logistic", paste0("lo", k), items, list(expected("logistic, separated: refused", c(status = not_converged)))))
  put <- function(name, v) { s <- rep(0, length(b)); s[ok] <- v; setNames(s, paste0(name, i)) }
  # glm's own log-likelihood of weighted rows is a count's; deviances are the same for both
  v <- c(setNames(b, paste0("coef", i)), put("se", ses(vcov(m, complete = FALSE))), loglik = -deviance(m) / 2, null = deviance(glm(y ~ 1, binomial, weights = w) |> suppressWarnings()))
  r <- c()
  for (t in c("HC0", "HC1", "HC2", "HC3")) r <- c(r, put(paste0(tolower(t), "."), ses(vcovHC(m, t))))
  cl <- put("cl.", ses(vcovCL(m, d$cluster, type = "HC0", cadjust = FALSE)))
  ex <- list(expected("logistic, also weighted and near separation", v, rel = 1e-6, abs = 1e-8), expected("logistic, HC0-HC3, clusters", c(r, cl), rel = 1e-6, abs = 1e-8))
  # profile limits by uniroot on the deviance, where they are finite
  if (all(ok) && max(abs(x)) < 1e3 && d$n >= 40) {
    pr <- c(); cut <- deviance(m) + qchisq(.95, 1)
    for (j in i) { dev <- function(t) deviance(suppressWarnings(if (ncol(x) == 1) glm(y ~ 0, offset = t * x[, 1], family = binomial, weights = w) else
        glm.fit(x[, -j, drop = FALSE], y, w, family = binomial(), offset = t * x[, j], control = exact))) - cut
      s <- sqrt(vcov(m)[j, j]); lo <- tryCatch(uniroot(dev, c(b[j] - 6 * s, b[j]), tol = 1e-11)$root, error = function(e) NA); up <- tryCatch(uniroot(dev, c(b[j], b[j] + 6 * s), tol = 1e-11)$root, error = function(e) NA)
      if (!is.na(lo) && abs(dev(lo)) < 1e-6) pr[paste0("lower", j)] <- lo; if (!is.na(up) && abs(dev(up)) < 1e-6) pr[paste0("upper", j)] <- up }
    ex <- c(ex, list(expected("logistic, profile limits", pr, rel = 1e-6, abs = 1e-7)))
  }
  peers$add("logistic", paste0("lo", k), items, ex)
}

firths <- function(k) {
  d <- design_of(k + 600); x <- d$x; if (qr(x)$rank < ncol(x) || max(abs(x)) > 1e3) return(invisible())
  y <- rbinom(d$n, 1, plogis(-1 + 2 * x[, 2])); if (length(unique(y)) < 2) return(invisible())
  m <- suppressWarnings(tryCatch(logistf(y ~ x - 1, data = list(y = y, x = x), pl = FALSE, control = logistf.control(maxit = 5000, maxstep = 1, lconv = 1e-12, gconv = 1e-10, xconv = 1e-10)), error = function(e) NULL))
  if (is.null(m)) return(invisible())
  # errors: the inverse information at the estimate (Firth 1993); logistf prints that of its augmented data, smaller
  b <- coef(m); i <- seq_along(b); q <- plogis(drop(x %*% b))
  peers$add("logistic", paste0("fi", k), list(columns = ncol(x), x = as.vector(t(x)), y = y, firth = 1),
    list(expected("Firth, also separated (logistf)", c(setNames(b, paste0("coef", i)), setNames(ses(solve(crossprod(x * sqrt(q * (1 - q))))), paste0("se", i))), rel = 1e-5, abs = 1e-6)))
}

weight_of <- function(est, a, e) switch(est, ATE = a / e + (1 - a) / (1 - e), ATT = a + (1 - a) * e / (1 - e), ATC = a * (1 - e) / e + (1 - a), ATO = a * (1 - e) + (1 - a) * e, ATM = pmin(e, 1 - e) * (a / e + (1 - a) / (1 - e)))

# Greedy, treated from the highest score down, one control a round.
nearest <- function(a, lp, ratio, replace, caliper) {
  t <- which(a == 1); t <- t[order(-lp[t], t)]; free <- a == 0; reach <- if (is.null(caliper)) Inf else caliper * sd(lp); mate <- setNames(vector("list", length(t)), t)
  for (round in seq_len(ratio)) for (i in t) {
    c <- setdiff(which(free), mate[[as.character(i)]]); if (!length(c)) next
    j <- c[which.min(abs(lp[c] - lp[i]))]; if (abs(lp[j] - lp[i]) > reach) next
    mate[[as.character(i)]] <- c(mate[[as.character(i)]], j); if (!replace) free[j] <- FALSE
  }
  w <- numeric(length(a)); for (i in t) { m <- mate[[as.character(i)]]; if (length(m)) { w[i] <- 1; w[m] <- w[m] + 1 / length(m) } }
  w
}

weighting <- function(k) {
  set.seed(4000 + k)
  n <- sample(c(30, 90, 250), 1); p <- sample(1:4, 1); x <- cbind(1, matrix(rnorm(n * p), n, p)); if (p > 1) x[, 3] <- rbinom(n, 1, .3)
  a <- rbinom(n, 1, plogis(.5 + drop(x[, -1, drop = FALSE] %*% rnorm(p, 0, .7)))); if (sum(a) < 4 || sum(1 - a) < 4) return(invisible())
  y <- drop(x %*% rnorm(p + 1)) + a + rnorm(n); bin <- as.numeric(y > quantile(y, .4)); y[runif(n) < .1] <- NA
  m <- suppressWarnings(glm(a ~ x - 1, binomial, control = exact)); e <- fitted(m); if (any(e < 1e-6 | e > 1 - 1e-6)) return(invisible())
  g <- coef(m); cov <- if (runif(1) < .5) rbinom(n, 1, .4) else rnorm(n) + .5 * a; if (var(cov) == 0) return(invisible())
  binary <- all(cov %in% 0:1); v <- list(effect = c(), fixed = c(), balance = c(), size = c())
  for (est in c("ATE", "ATT", "ATC", "ATO", "ATM")) {
    w <- weight_of(est, a, e); ess <- function(u) sum(u)^2 / sum(u^2)
    v$size <- c(v$size, setNames(c(ess(w[a == 1]), ess(w[a == 0])), paste0(est, c(".ess1", ".ess0"))))
    for (kind in c("diff", "odds")) {
      out <- if (kind == "diff") y else bin; s <- !is.na(out); o <- ifelse(s, out, 0)
      mu1 <- sum(w * a * s * o) / sum(w * a * s); mu0 <- sum(w * (1 - a) * s * o) / sum(w * (1 - a) * s)
      if (kind == "odds" && (mu1 <= 0 || mu1 >= 1 || mu0 <= 0 || mu0 >= 1)) next
      # stacked estimating equations, differentiated numerically
      psi <- function(t) { ee <- plogis(drop(x %*% t[seq_len(p + 1)])); ww <- weight_of(est, a, ee)
        cbind((a - ee) * x, s * ww * a * (o - t[p + 2]), s * ww * (1 - a) * (o - t[p + 3])) }
      t0 <- c(g, mu1, mu0); B <- -jacobian(function(t) colSums(psi(t)), t0); P <- psi(t0); V <- solve(B) %*% crossprod(P) %*% t(solve(B))
      G <- if (kind == "diff") c(1, -1) else c(1 / (mu1 * (1 - mu1)), -1 / (mu0 * (1 - mu0))); q <- p + 2:3
      eff <- if (kind == "diff") mu1 - mu0 else qlogis(mu1) - qlogis(mu0)
      fx <- sum((w * a * s * (o - mu1))^2) / sum(w * a * s)^2 * G[1]^2 + sum((w * (1 - a) * s * (o - mu0))^2) / sum(w * (1 - a) * s)^2 * G[2]^2
      kink <- est == "ATM" && any(abs(e - .5) < 1e-4)
      v$effect <- c(v$effect, setNames(c(eff, if (!kink) sqrt(drop(G %*% V[q, q] %*% G))), paste0(est, ".", kind, c(".effect", if (!kink) ".se"))))
      v$fixed <- c(v$fixed, setNames(sqrt(fx), paste0(est, ".", kind, ".fixed")))
    }
    wv <- function(z, u) { if (binary) { q <- sum(u * z) / sum(u); return(q * (1 - q)) }; mz <- sum(u * z) / sum(u); sum(u * (z - mz)^2) * sum(u) / (sum(u)^2 - sum(u^2)) }
    one <- rep(1, n); den <- switch(est, ATE = sqrt((wv(cov[a == 1], one[a == 1]) + wv(cov[a == 0], one[a == 0])) / 2), ATT = sqrt(wv(cov[a == 1], one[a == 1])), ATC = sqrt(wv(cov[a == 0], one[a == 0])), sqrt(wv(cov, w)))
    dm <- sum(w * a * cov) / sum(w * a) - sum(w * (1 - a) * cov) / sum(w * (1 - a))
    F <- function(z, u) vapply(sort(unique(cov)), function(q) sum(u[z <= q]) / sum(u), 0)
    v$balance <- c(v$balance, setNames(c(dm / den, if (binary) NA else wv(cov[a == 1], w[a == 1]) / wv(cov[a == 0], w[a == 0]), max(abs(F(cov[a == 1], w[a == 1]) - F(cov[a == 0], w[a == 0])))), paste0(est, c(".smd", ".ratio", ".ks"))))
  }
  ratio <- sample(1:2, 1); replace <- runif(1) < .4; caliper <- if (runif(1) < .5) .2 else NULL
  ex <- list(expected("weights: effective sizes", v$size, rel = 1e-7), expected("weights: balance", v$balance, rel = 1e-7, abs = 1e-9),
    expected("weights: effect, M-estimation (numDeriv)", v$effect, rel = 2e-6, abs = 1e-8), expected("weights: effect, HC0", v$fixed, rel = 1e-7))
  lp <- qlogis(e)
  ex <- c(ex, list(expected("matching, nearest, by brute search", setNames(nearest(a, lp, ratio, replace, caliper), paste0("match", seq_len(n))))))
  peers$add("weighting", paste0("we", k), Filter(Negate(is.null), list(columns = p + 1, x = as.vector(t(x)), treated = a, covariate = cov, y = y, binary = bin, ratio = ratio, replace = as.integer(replace), caliper = if (is.null(caliper)) 0 else caliper)), ex)
}

for (k in seq_len(rounds)) { linear(k); logistic(k); weighting(k) }
if (firth) for (k in seq_len(rounds)) firths(k) else cat("logistf is not installed: Firth's likelihood is not compared\n")

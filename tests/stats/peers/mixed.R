# Mixed models: mmrm (driven to the optimum, see polish), nlme's gls for likelihoods, lme4 with lmerTest and pbkrtest.
suppressPackageStartupMessages({ library(nlme); library(lme4); library(lmerTest); library(pbkrtest) })
with_mmrm <- suppressWarnings(suppressPackageStartupMessages(require(mmrm, quietly = TRUE)))

# mmrm's own optimisers stop with some 1e-6 of log-likelihood to gain; Newton's method on its gradient and Hessian goes on.
polish <- function(par, fn, gr, hessian, control = list()) {
  o <- nlminb(par, fn, gr, hessian, control = list(iter.max = 3000, eval.max = 6000, rel.tol = 1e-14, x.tol = 1e-12))
  p <- o$par; g <- gr(p)
  for (i in 1:60) {
    step <- tryCatch(solve(hessian(p), as.numeric(g)), error = function(e) NULL); if (is.null(step)) break
    s <- 1
    repeat { new <- p - s * step; gn <- suppressWarnings(gr(new)); if (all(is.finite(gn)) && max(abs(gn)) < max(abs(g))) break; s <- s / 2; if (s < 1e-3) break }
    if (s < 1e-3) break
    p <- new; g <- gn; if (max(abs(g)) < 1e-12) break
  }
  list(par = p, objective = fn(p), convergence = 0, message = "polished")
}
attr(polish, "use_hessian") <- TRUE

kinds <- c("us", "toeph", "adh", "ar1h", "csh", "toep", "ar1", "cs", "ad", "sp_exp")  # in the order of RAC_COVARIANCE_LIST

study_of <- function(k) {
  set.seed(k)
  n <- sample(c(14, 25, 45, 90), 1); m <- sample(2:5, 1); arm <- rbinom(n, 1, sample(c(.5, .7), 1)); base <- rnorm(n, 18, 3); sex <- rbinom(n, 1, .5)
  level <- rnorm(n, 0, 2.5); slope <- rnorm(n, 0, .6)
  d <- expand.grid(visit = seq_len(m), id = seq_len(n)); d$arm <- arm[d$id]; d$base <- base[d$id]; d$sex <- sex[d$id]
  d$y <- -1.2 * d$visit - .5 * d$arm * d$visit + .3 * (d$base - 18) + level[d$id] + slope[d$id] * d$visit + rnorm(nrow(d), 0, 1 + .2 * d$visit)
  d$time <- d$visit * sample(c(1, 3.5), 1)
  d <- d[runif(nrow(d)) > .06 * (d$visit > 1), ]                       # gaps
  last <- pmin(m, 1 + rgeom(n, sample(c(.02, .12), 1))); d <- d[d$visit <= last[d$id], ]  # dropout
  if (runif(1) < .3) d$y <- round(d$y)
  d <- d[d$id %in% unique(d$id), ]; d$id <- match(d$id, unique(d$id)); d
}

marginal <- function(k) {
  d <- study_of(6000 + k); m <- max(d$visit); n <- max(d$id)
  if (any(table(d$visit, d$arm) < 4) || length(unique(d$visit)) != m) return(invisible())
  kind <- sample(length(kinds), 1) - 1; if (runif(1) < .35) kind <- 0
  ml <- runif(1) < .2; method <- if (ml) sample(c(0, 3), 1) else sample(0:3, 1); errors <- if (!ml && method %in% c(0, 3) && runif(1) < .5) sample(1:3, 1) else 0
  grouped <- kind != 9 && runif(1) < .15; weights <- if (kind != 9 && errors == 0 && runif(1) < .15) sample(c(.5, 1, 2), nrow(d), TRUE) else NULL
  if (!is.null(weights) && grouped) weights <- NULL
  if (kind == 9) { errors <- 0; if (method == 2) method <- 1 }
  d$V <- factor(d$visit); d$I <- factor(d$id); d$A <- factor(d$arm)
  fo <- if (m > 1) y ~ A * V + base * V else y ~ A + base
  X <- model.matrix(fo, d); if (nrow(d) - ncol(X) < 8) return(invisible())
  df <- c("Satterthwaite", "Kenward-Roger", "Kenward-Roger", "Between-Within")[method + 1]
  vc <- if (method == 1) "Kenward-Roger-Linear" else if (method == 2) "Kenward-Roger" else if (errors) c("Empirical", "Empirical-Bias-Reduced", "Empirical-Jackknife")[errors] else "Asymptotic"
  term <- if (kind == 9) quote(sp_exp(time | I)) else as.call(list(as.name(kinds[kind + 1]), if (grouped) quote(V | A / I) else quote(V | I)))
  full <- as.formula(bquote(y ~ A * V + base * V + .(term))); w <- if (is.null(weights)) rep(1, nrow(d)) else weights; d$w <- w
  fit <- tryCatch(suppressWarnings(eval(bquote(mmrm(.(full), data = d, weights = d$w, reml = !ml, control = mmrm_control(method = df, vcov = vc, optimizers = list(p = polish)))))), error = function(e) e)
  items <- Filter(Negate(is.null), list(columns = ncol(X), patients = n, visits = m, y = d$y, x = as.vector(t(X)), patient = d$id - 1, visit = d$visit - 1, weight = weights,
    time = if (kind == 9) d$time else NULL, group = if (grouped) d$arm[match(seq_len(n), d$id)] else NULL, groups = 2, covariance = kind, ml = as.integer(ml), df = method, errors = errors))
  if (inherits(fit, "error")) return(invisible())
  g <- max(abs(fit$tmb_obj$gr(fit$theta_est))); H <- tryCatch(min(eigen(fit$tmb_obj$he(fit$theta_est))$values), error = function(e) -1)
  if (g > 1e-6 || H < 1e-4) return(invisible()) # no inner optimum: nothing to compare with
  s <- tryCatch(suppressWarnings(summary(fit)$coefficients), error = function(e) NULL); if (is.null(s)) return(invisible())
  i <- seq_len(ncol(X)); pick <- grep("^A1", colnames(X)); L <- diag(ncol(X))[pick, , drop = FALSE]
  sig <- component(fit, "varcor"); sig <- if (is.list(sig)) unlist(lapply(sig, as.vector)) else as.vector(sig)
  lab <- paste0("mixed model, ", if (kind == 9) "sp_exp" else kinds[kind + 1], if (grouped) " by group", if (!is.null(weights)) " weighted")
  how <- paste0("df and errors: ", c("Satterthwaite", "Kenward-Roger first order", "Kenward-Roger full", "between-within")[method + 1], c("", ", CR0", ", CR2", ", CR3")[errors + 1])
  j <- tryCatch(suppressWarnings(df_md(fit, L)), error = function(e) NULL)
  items$joint <- as.vector(t(L))
  peers$add("mixed", paste0("mm", k), items, Filter(Negate(is.null), list(
    expected(lab, c(loglik = as.numeric(logLik(fit)), setNames(s[, 1], paste0("coef", i)), if (kind != 9) setNames(sig, paste0("sigma", seq_along(sig)))), rel = 2e-6, abs = 2e-6),
    expected(how, c(setNames(s[, 2], paste0("se", i)), setNames(s[, 3], paste0("df", i)), setNames(s[, 5], paste0("p", i))), rel = 1e-4, abs = 1e-7),
    if (!is.null(j)) expected(paste0("joint tests, ", how), c(joint.f = j$f_stat, joint.df = j$denom_df, joint.p = j$p_val), rel = 1e-4, abs = 1e-7))))
}

least_squares <- function(k) { # nlme stops at 1e-6 or so of its own scale
  d <- study_of(7000 + k); m <- max(d$visit); d$V <- factor(d$visit); kind <- sample(c(7, 6, 4, 3, 0), 1)
  if (any(table(d$visit, d$arm) < 4)) return(invisible())
  cor <- switch(as.character(kind), `7` = , `4` = corCompSymm(form = ~ visit | id), `6` = , `3` = corAR1(form = ~ visit | id), `0` = corSymm(form = ~ visit | id))
  f <- tryCatch(gls(y ~ factor(arm) * V + base, d, correlation = cor, weights = if (kind %in% c(4, 3, 0)) varIdent(form = ~ 1 | V) else NULL, control = glsControl(msMaxIter = 500, tolerance = 1e-9, msTol = 1e-10)), error = function(e) NULL)
  if (is.null(f)) return(invisible())
  X <- model.matrix(y ~ factor(arm) * V + base, d)
  peers$add("mixed", paste0("gl", k), list(columns = ncol(X), patients = max(d$id), visits = m, y = d$y, x = as.vector(t(X)), patient = d$id - 1, visit = d$visit - 1, covariance = kind),
    list(expected("mixed model beside nlme::gls: likelihood", c(loglik = as.numeric(logLik(f))), rel = 1e-5, abs = 1e-5)))
}

random <- function(k) {
  d <- study_of(8000 + k); slope <- runif(1) < .5; ml <- FALSE; t <- d$time
  if (max(d$visit) < 3 || max(d$id) < 20) return(invisible())
  if (runif(1) < .3) d$time <- t <- t + runif(length(t), -.3, .3)
  fo <- if (slope) y ~ arm * time + (time | id) else y ~ arm * time + (1 | id)
  f <- suppressMessages(suppressWarnings(lmerTest::lmer(fo, d, control = lmerControl(optimizer = "nloptwrap", calc.derivs = FALSE,
    optCtrl = list(algorithm = "NLOPT_LN_BOBYQA", xtol_abs = 1e-12, xtol_rel = 1e-14, ftol_abs = 1e-14, ftol_rel = 1e-16, maxeval = 1e5)))))
  X <- model.matrix(~ arm * time, d); i <- 1:4; if (isSingular(f)) return(invisible())
  items <- list(columns = 4, patients = max(d$id), visits = max(d$visit), y = d$y, x = as.vector(t(X)), patient = d$id - 1, visit = d$visit - 1, time = d$time, covariance = if (slope) 11 else 10)
  v <- as.data.frame(VarCorr(f)); va <- if (slope) c(var.intercept = v$vcov[1], var.slope = v$vcov[2], cov = v$vcov[3], var.residual = v$vcov[4]) else c(var.intercept = v$vcov[1], var.residual = v$vcov[2])
  s <- coef(summary(f))
  peers$add("mixed", paste0("re", k), items, list(expected("random effects (lme4): likelihood, coefficients", c(loglik = as.numeric(logLik(f)), setNames(s[, 1], paste0("coef", i)), setNames(s[, 2], paste0("se", i))), rel = 1e-5, abs = 1e-5),
    expected("random effects (lme4): variances", va, rel = 2e-3, abs = 1e-4), expected("random effects, Satterthwaite (lmerTest)", setNames(s[, 3], paste0("df", i)), rel = 2e-2)))
  K <- tryCatch(vapply(i, function(j) { L <- matrix(0, 1, 4); L[j] <- 1; KRmodcomp(f, L)$stats$ddf }, 0), error = function(e) NULL); if (is.null(K)) return(invisible())
  peers$add("mixed", paste0("kr", k), c(items, list(df = 1, expected = 1)), list(expected("random effects, Kenward-Roger (pbkrtest)", c(setNames(sqrt(diag(as.matrix(vcovAdj(f)))), paste0("se", i)), setNames(K, paste0("df", i))), rel = 2e-3)))
}

if (with_mmrm) for (k in seq_len(rounds)) marginal(k) else cat("mmrm is not installed: marginal models are compared with gls only\n")
for (k in seq_len(ceiling(rounds / 2))) { least_squares(k); random(k) }

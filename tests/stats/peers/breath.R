# breath.R FOLDER: a made-up trial of breathing tests shaped like the example of the mmrm package (197 patients, 4 visits,
# a third of the scores missing, unequal weights), and what mmrm 0.3.18 and emmeans 1.8.4.1 say of it, every fit driven to a
# gradient below 1e-11.  Writes FOLDER/breath.csv and FOLDER/expected/breath_mmrm.csv.  Seed 20260107, R 4.2.2.
suppressPackageStartupMessages({ library(mmrm); library(emmeans) })
emm_options(msg.interaction = FALSE, rg.limit = 1e6)
folder <- commandArgs(TRUE)[1]

make_breath <- function() {
  set.seed(20260107)
  n <- 197; m <- 4
  race <- sample(c("Asian", "Black or African American", "White"), n, TRUE, c(.35, .38, .27)); sex <- sample(c("Male", "Female"), n, TRUE)
  arm <- sample(c("PBO", "TRT"), n, TRUE)
  L <- t(chol(matrix(c(55, 20, 10, 15, 20, 40, 8, 12, 10, 8, 25, 8, 15, 12, 8, 90), 4)))
  mean <- 31 + c(0, 4.5, 9.8, 14.6)
  d <- do.call(rbind, lapply(seq_len(n), function(i) {
    y <- mean + 1.6 * (race[i] != "Asian") + 4.2 * (race[i] == "White") + .4 * (sex[i] == "Female") + (arm[i] == "TRT") * c(3.9, 3.4, 2.4, 4.3) + drop(L %*% rnorm(m))
    y[runif(m) < .33] <- NA
    data.frame(USUBJID = sprintf("PT%d", i), AVISIT = paste0("VIS", 1:m), ARMCD = arm[i], RACE = race[i], SEX = sex[i], FEV1 = round(y, 4), WEIGHT = round(runif(m, .2, .9), 4))
  }))
  write.csv(d, file.path(folder, "breath.csv"), row.names = FALSE, na = "")
}

tolerances <- list(
  closed = c(1e-10, 1e-12),   # a formula, no iteration
  iter   = c(1e-7,  1e-9),    # one well-behaved optimum (logistic, Cox)
  reml   = c(2e-6,  1e-7),    # a likelihood optimum; the reference itself is polished by Newton
  df     = c(1e-4,  1e-3),    # degrees of freedom (second derivatives at the optimum)
  p      = c(1e-4,  1e-10),   # p-values, inheriting df
  loose  = c(1e-3,  1e-4),    # the reference package itself stops early (said in the README)
  mc     = c(0,     0))       # Monte Carlo: abs_tol is written per line

class_of_column <- function(name, default) {
  if (grepl("^(df|denom_df|num_df)", name)) "df"
  else if (grepl("(^|_)p(_|$)|p_value|^p_", name)) "p"
  else default
}

case_file <- function(case, dir) {
  rows <- list()
  list(
    add = function(table, x, keys = NULL, tol = "closed", abs_tol = NULL) {
      if (!is.data.frame(x)) {
        if (is.matrix(x)) {
          rn <- rownames(x); cn <- colnames(x)
          x <- data.frame(row = rep(rn, ncol(x)), col = rep(cn, each = nrow(x)), value = as.numeric(x))
        } else {
          x <- data.frame(key = "", t(unlist(x)), check.names = FALSE)
        }
      }
      text <- vapply(x, function(v) is.character(v) || is.factor(v) || is.logical(v), TRUE)
      key <- if (any(text)) do.call(paste, c(lapply(x[text], as.character), sep = "|")) else ""
      for (name in names(x)[!text]) {
        t <- tolerances[[class_of_column(name, tol)]]
        if (tol %in% c("loose")) t <- tolerances[[tol]]
        a <- if (is.null(abs_tol)) t[2] else abs_tol
        rows[[length(rows) + 1L]] <<- data.frame(case = case, table = table, key = key,
          quantity = name, value = as.numeric(x[[name]]), rel_tol = t[1], abs_tol = a)
      }
    },
    write = function() {
      y <- do.call(rbind, rows)
      y$value <- ifelse(is.na(y$value), "", ifelse(is.infinite(y$value), ifelse(y$value > 0, "inf", "-inf"),
                 sprintf("%.15g", y$value)))          # empty: not estimable
      y$rel_tol <- format(y$rel_tol, scientific = TRUE, trim = TRUE); y$abs_tol <- format(y$abs_tol, scientific = TRUE, trim = TRUE)
      write.csv(y, file.path(dir, paste0(case, ".csv")), row.names = FALSE, quote = 1:4)
      message(sprintf("%-28s %6d numbers", case, nrow(y)))
    })
}

polish <- function(par, fn, gr, hessian, control = list()) {
  o <- nlminb(par, fn, gr, hessian, control = list(iter.max = 3000, eval.max = 6000, rel.tol = 1e-14, x.tol = 1e-12))
  p <- o$par; g <- gr(p); quiet <- 0
  for (i in 1:60) {
    step <- tryCatch(solve(hessian(p), as.numeric(g)), error = function(e) NULL)
    if (is.null(step)) break
    s <- 1
    repeat {
      new <- p - s * step; gn <- suppressWarnings(gr(new))
      if (all(is.finite(gn)) && max(abs(gn)) < max(abs(g))) break
      s <- s / 2
      if (s < 1e-3) break
    }
    if (s < 1e-3) break
    p <- new; g <- gn
    if (max(abs(g)) < 1e-12) break
  }
  list(par = p, objective = fn(p), convergence = 0, message = "polished")
}
attr(polish, "use_hessian") <- TRUE

fit_mmrm <- function(formula, data, reml = TRUE, method = "Satterthwaite", vcov = NULL, weights = NULL) {
  environment(formula) <- environment()
  ctl <- mmrm_control(method = method, vcov = vcov, optimizers = list(newton = polish))
  # the call is built so that emmeans can find the formula again
  if (is.null(weights)) eval(bquote(mmrm(.(formula), data = data, reml = reml, control = ctl)))
  else eval(bquote(mmrm(.(formula), data = data, reml = reml, control = ctl, weights = weights)))
}

gradient_left <- function(fit) max(abs(fit$tmb_obj$gr(fit$theta_est)))

write_mmrm <- function(f, label, fit, arm = NULL, visit = NULL, treated = NULL, reference = NULL,
                       beta_vcov = FALSE, means = TRUE, tol = "reml") {
  s <- summary(fit)
  f$add("fit", data.frame(model = label, loglik = as.numeric(logLik(fit)), aic = AIC(fit), bic = BIC(fit),
    deviance = deviance(fit), observations = component(fit, "n_obs"), subjects = component(fit, "n_subjects"),
    parameters = component(fit, "n_theta")), tol = tol)
  f$add("gradient_left", data.frame(model = label, largest = gradient_left(fit)), abs_tol = 1e-6)
  v <- VarCorr(fit)
  if (is.list(v)) for (g in names(v)) f$add(paste0("covariance ", label, " ", g), v[[g]], tol = tol)
  else f$add(paste0("covariance ", label), v, tol = tol)
  co <- as.data.frame(s$coefficients)
  names(co) <- c("estimate", "se", "df", "t", "p_value")
  f$add("coefficients", cbind(model = label, term = rownames(co), co), tol = tol)
  if (beta_vcov) f$add(paste0("beta_vcov ", label), as.matrix(vcov(fit)), tol = tol)
  if (!means) return(invisible(fit))
  for (w in c("equal", "proportional")) {
    em <- emmeans(fit, as.formula(paste("~", arm, "|", visit)), weights = w)
    m <- as.data.frame(confint(em)); t <- as.data.frame(test(em))
    f$add("lsmeans", data.frame(model = label, weights = w, arm = m[[arm]], visit = m[[visit]], estimate = m$emmean,
      se = m$SE, df = m$df, lower = m$lower.CL, upper = m$upper.CL, p_value = t$p.value), tol = tol)
    lev <- levels(em)[[arm]]
    cf <- list(d = as.numeric(lev == treated) - as.numeric(lev == reference))
    ct <- contrast(em, cf)
    k <- as.data.frame(confint(ct)); t <- as.data.frame(test(ct))
    f$add("contrasts", data.frame(model = label, weights = w, visit = k[[visit]], difference = k$estimate, se = k$SE,
      df = k$df, lower = k$lower.CL, upper = k$upper.CL, t = t$t.ratio, p_value = t$p.value), tol = tol)
  }
  invisible(fit)
}

joint <- function(f, label, fit, what, L, tol = "reml") {
  r <- df_md(fit, L)
  f$add("joint_tests", data.frame(model = label, hypothesis = what, num_df = r$num_df, denom_df = r$denom_df,
                                  f_stat = r$f_stat, p_value = r$p_val), tol = tol)
}

# rows of the contrast matrix: arm effect at every visit (treatment coding)
arm_effects <- function(fit, arm, level, visit) {
  b <- names(coef(fit)); main <- paste0(arm, level)
  cross <- grep(paste0("^", visit, ".*:", arm, "|^", arm, ".*:", visit), b, value = TRUE)
  L <- matrix(0, length(cross) + 1, length(b), dimnames = list(NULL, b))
  L[, main] <- 1
  for (i in seq_along(cross)) L[i + 1, cross[i]] <- 1
  list(all = L, interaction = L[-1, , drop = FALSE] - L[rep(1, length(cross)), , drop = FALSE])
}


make_breath()
d <- read.csv(file.path(folder, "breath.csv"), na.strings = "")
for (v in c("USUBJID", "AVISIT")) d[[v]] <- factor(d[[v]])
d$SEX <- factor(d$SEX, c("Male", "Female")); d$ARMCD <- factor(d$ARMCD, c("PBO", "TRT"))
d$RACE <- factor(d$RACE, c("Asian", "Black or African American", "White"))
f <- case_file("breath_mmrm", file.path(folder, "expected"))
m <- function(l, fit, ...) write_mmrm(f, l, fit, "ARMCD", "AVISIT", "TRT", "PBO", ...)
form <- function(s) as.formula(sprintf("FEV1 ~ RACE + SEX + ARMCD * AVISIT + %s(AVISIT | USUBJID)", s))
for (s in c("us", "toeph", "toep", "ar1h", "ar1", "csh", "cs", "adh", "ad")) m(s, fit_mmrm(form(s), d))
m("us ml", fit_mmrm(form("us"), d, reml = FALSE))
for (v in c("Kenward-Roger-Linear", "Kenward-Roger")) {
  k <- m(paste("us", v), fit_mmrm(form("us"), d, method = "Kenward-Roger", vcov = v), beta_vcov = TRUE)
  L <- arm_effects(k, "ARMCD", "TRT", "AVISIT")
  joint(f, paste("us", v), k, "no arm difference", L$all); joint(f, paste("us", v), k, "difference constant", L$interaction)
}
k <- fit_mmrm(form("us"), d); joint(f, "us", k, "no arm difference", L$all); joint(f, "us", k, "difference constant", L$interaction)
for (v in c("Empirical", "Empirical-Bias-Reduced", "Empirical-Jackknife")) m(paste("cs", v), fit_mmrm(form("cs"), d, vcov = v))
m("us weighted", fit_mmrm(form("us"), d, weights = d$WEIGHT))
m("us per arm", fit_mmrm(FEV1 ~ RACE + SEX + ARMCD * AVISIT + us(AVISIT | ARMCD / USUBJID), d))
f$write()

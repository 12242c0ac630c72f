# The most likely patients of examples/samples.csv, in R and from the publication's equations alone: the parent as two
# three-compartment systems, each with its two-compartment metabolite, by eigenvalues; M3 below quantification; optim.
d <- read.csv("examples/samples.csv", na.strings = ".")
omega1 <- matrix(c(0.084177, 0.02261, 0.02261, 0.026048), 2)
omega2 <- matrix(c(0.040426, 0.04456, 0.04456, 0.10319), 2)
root <- rbind(cbind(t(chol(omega1)), matrix(0, 2, 2)), cbind(matrix(0, 2, 2), t(chol(omega2))))
system_of <- function(v1, cl, vn, cln) {
  a <- matrix(0, 5, 5) # central, deep, shallow, nk, nk deep
  flow <- function(a, i, j, k) { a[i, i] <- a[i, i] - k; if (j) a[j, i] <- a[j, i] + k; a }
  a <- flow(a, 1, 2, 23.2 / v1); a <- flow(a, 2, 1, 23.2 / 187); a <- flow(a, 1, 3, 157 / v1); a <- flow(a, 3, 1, 157 / 98.8)
  a <- flow(a, 1, 4, cl / v1); a <- flow(a, 4, 5, 42.778 / vn); a <- flow(a, 5, 4, 42.778 / 160.04); flow(a, 4, 0, cln / vn)
}
amounts <- function(a, rate, hours, times) { # an infusion into the first
  e <- eigen(a); w <- solve(e$vectors, c(rate, 0, 0, 0, 0))
  sapply(times, function(t) {
    on <- min(t, hours)
    Re(e$vectors %*% (w * (exp(e$values * t) - exp(e$values * (t - on))) / e$values))
  })
}
objective <- function(z, s) {
  eta <- root %*% z
  wt <- s$weight[1]
  v1 <- 133 * wt / 70 * exp(eta[1]); cl <- 95.2 * (wt / 70)^0.75 * exp(eta[2])
  vn <- 98.638 * wt / 70 * exp(eta[3]); cln <- 57.72 * (wt / 70)^0.75 * exp(eta[4])
  amt <- s$AMT[1]; hours <- amt / s$RATE[1]; o <- s[s$EVID == 0, ]
  x <- amounts(system_of(v1, cl, vn, cln), amt / 2 / hours, hours, o$TIME) +
    amounts(system_of(v1, cl / 1.14, vn, cln), amt / 2 / hours, hours, o$TIME)
  f <- ifelse(o$CMT == 1, x[1, ] / v1, x[4, ] / vn)
  sd <- f * ifelse(o$CMT == 1, 0.23609, 0.14261)
  sum(ifelse(o$BLQ == 1, -2 * pnorm((o$DV - f) / sd, log.p = TRUE), ((o$DV - f) / sd)^2 + 2 * log(sd))) + sum(z^2)
}
for (id in unique(d$ID)) {
  s <- d[d$ID == id, ]
  fit <- optim(rep(0, 4), objective, s = s, method = "BFGS", control = list(reltol = 1e-15, maxit = 1000, ndeps = rep(1e-4, 4)))
  fit <- optim(fit$par, objective, s = s, method = "BFGS", control = list(reltol = 1e-15, maxit = 1000, ndeps = rep(1e-5, 4)))
  cat(sprintf("    {%.8f, %.8f, {%.7f, %.7f, %.7f, %.7f}},\n", objective(rep(0, 4), s), fit$value, (root %*% fit$par)[1], (root %*% fit$par)[2], (root %*% fit$par)[3], (root %*% fit$par)[4]))
}

using System.Globalization;
using System.Threading.RateLimiting;
using DemoVlp.Gateway.Access;
using DemoVlp.ServiceDefaults;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace DemoVlp.Gateway.Limits;

/// <summary>How much one client, known by its key, may ask for.</summary>
internal sealed class RateLimits(IOptions<GatewayOptions> gateway) : IConfigureOptions<RateLimiterOptions>
{
    // Far above what a person or a sane program does; they stop loops that have run wild.
    private const int PlainPerSecond = 200, PlainBurst = 1000, OpenStreams = 100;

    public void Configure(RateLimiterOptions options)
    {
        options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, (RequestKind, string)>(Partition);
        options.OnRejected = async (rejected, _) =>
        {
            var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(5);
            var seconds = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds));
            rejected.HttpContext.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            await ApiProblem.Create(429, "too-many-requests", $"{WhatIsTooMuch(rejected.HttpContext)} Try again in {seconds} s.").ExecuteAsync(rejected.HttpContext);
        };
    }

    private RateLimitPartition<(RequestKind, string)> Partition(HttpContext context)
    {
        var kind = RequestKinds.Of(context.Request);
        var key = (kind, context.Features.Get<Client>()?.Name ?? "");
        var settings = gateway.Value;
        return kind switch
        {
            RequestKind.Query => RateLimitPartition.GetTokenBucketLimiter(key, _ => Bucket(settings.QueriesPerSecond, settings.QueryBurst)),
            RequestKind.Upload => RateLimitPartition.GetConcurrencyLimiter(key, _ => AtOnce(settings.ConcurrentUploads)),
            RequestKind.Events or RequestKind.Download => RateLimitPartition.GetConcurrencyLimiter(key, _ => AtOnce(OpenStreams)),
            RequestKind.Plain => RateLimitPartition.GetTokenBucketLimiter(key, _ => Bucket(PlainPerSecond, PlainBurst)),
            _ => RateLimitPartition.GetNoLimiter(key),
        };
    }

    private static TokenBucketRateLimiterOptions Bucket(int perSecond, int burst) =>
        new() { TokenLimit = burst, TokensPerPeriod = 1, ReplenishmentPeriod = TimeSpan.FromSeconds(1) / perSecond, QueueLimit = 0 };

    private static ConcurrencyLimiterOptions AtOnce(int permits) => new() { PermitLimit = permits, QueueLimit = 0 };

    private string WhatIsTooMuch(HttpContext context) => RequestKinds.Of(context.Request) switch
    {
        RequestKind.Query => $"More than {gateway.Value.QueriesPerSecond} searches and questions a second.",
        RequestKind.Upload => $"More than {gateway.Value.ConcurrentUploads} uploads at the same time.",
        _ => "Too many requests.",
    };
}

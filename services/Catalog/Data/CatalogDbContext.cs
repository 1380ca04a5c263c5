using System.Text.Json;
using DemoVlp.Database;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace DemoVlp.Catalog.Data;

/// <summary>The catalog's database. In truth one of the two derived contexts, each with its provider's migrations.</summary>
public abstract class CatalogDbContext(DbContextOptions options) : ServiceDbContext(options)
{
    /// <summary>All videos, tombstones included.</summary>
    public DbSet<VideoRow> Videos => Set<VideoRow>();

    /// <summary>The detectors that were ever in use.</summary>
    public DbSet<DetectorRow> Detectors => Set<DetectorRow>();

    /// <summary>The videos that clients know of.</summary>
    public IQueryable<VideoRow> LiveVideos => Videos.Where(v => v.DeletedAt == null);

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        var video = modelBuilder.Entity<VideoRow>().ToTable("videos");
        video.Property(v => v.Id).ValueGeneratedNever();
        video.Property(v => v.Version).IsConcurrencyToken();
        video.Ignore(v => v.Source);
        video.Ignore(v => v.IsFinished);
        video.Ignore(v => v.IsAtRest);
        AsJson(video.Property(v => v.Captions));
        AsJson(video.Property(v => v.Frames));
        AsJson(video.Property(v => v.Regions));
        AsJson(video.Property(v => v.Listing));
        // The same bytes are one video, however many uploads of them end at once.
        video.HasIndex(v => v.Sha256).IsUnique().HasFilter("\"DeletedAt\" IS NULL");
        video.HasIndex(v => new { v.CreatedAt, v.Id });
        video.HasIndex(v => new { v.Status, v.CreatedAt, v.Id });
        video.HasIndex(v => v.RedriveAt);
        video.HasIndex(v => v.Renewal);
        modelBuilder.Entity<DetectorRow>().ToTable("detectors").HasKey(d => d.Sha256);
    }

    private static void AsJson<T>(PropertyBuilder<T> property) => property.HasConversion(
        value => JsonSerializer.Serialize(value, JsonSerializerOptions.Default),
        json => JsonSerializer.Deserialize<T>(json, JsonSerializerOptions.Default)!,
        new ValueComparer<T>(
            (a, b) => JsonSerializer.Serialize(a, JsonSerializerOptions.Default) == JsonSerializer.Serialize(b, JsonSerializerOptions.Default),
            value => JsonSerializer.Serialize(value, JsonSerializerOptions.Default).GetHashCode(StringComparison.Ordinal),
            // Lists are replaced, never changed in place.
            value => value));
}

/// <summary>The catalog in a file.</summary>
public sealed class SqliteCatalogDbContext(DbContextOptions<SqliteCatalogDbContext> options) : CatalogDbContext(options);

/// <summary>The catalog in PostgreSQL, schema <c>catalog</c>.</summary>
public sealed class PostgresCatalogDbContext(DbContextOptions<PostgresCatalogDbContext> options) : CatalogDbContext(options)
{
    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema("catalog");
        base.OnModelCreating(modelBuilder);
    }
}

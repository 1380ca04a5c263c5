using System.Runtime.InteropServices;
using DemoVlp.Database;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Pgvector;

namespace DemoVlp.QueryAnswering.Data;

/// <summary>The service's database: videos, generations, vectors. Add a migration to both providers at once.</summary>
public abstract class QueryDbContext(DbContextOptions options) : ServiceDbContext(options)
{
    /// <summary>Name of the schema, and of the SQLite file.</summary>
    public const string Schema = "query";

    /// <summary>Every video ever heard of.</summary>
    public DbSet<VideoRow> Videos => Set<VideoRow>();

    /// <summary>Every activation ever heard of.</summary>
    public DbSet<GenerationRow> Generations => Set<GenerationRow>();

    /// <summary>Vectors by generation and video.</summary>
    public DbSet<EmbeddingRow> Embeddings => Set<EmbeddingRow>();

    /// <summary>Videos that a generation leaves out.</summary>
    public DbSet<UnusableRow> Unusable => Set<UnusableRow>();

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<VideoRow>(video =>
        {
            video.ToTable("videos");
            video.Ignore(v => v.Regions);
        });
        modelBuilder.Entity<GenerationRow>(generation =>
        {
            generation.ToTable("generations");
            generation.HasIndex(g => g.ActivationId).IsUnique();
            generation.HasIndex(g => g.Task).IsUnique().HasFilter("\"State\" = 'active'");
        });
        modelBuilder.Entity<EmbeddingRow>(embedding =>
        {
            embedding.ToTable("embeddings");
            embedding.HasKey(e => new { e.GenerationId, e.VideoId });
            embedding.HasIndex(e => e.VideoId);
            embedding.HasIndex(e => new { e.GenerationId, e.Change });
        });
        modelBuilder.Entity<UnusableRow>(unusable =>
        {
            unusable.ToTable("unusable_videos");
            unusable.HasKey(u => new { u.GenerationId, u.VideoId });
        });
    }

    /// <summary>Vectors do not change in place, so the reference tells whether they are the same.</summary>
    protected static readonly ValueComparer<float[]> SameVector = new((a, b) => ReferenceEquals(a, b), v => v.Length, v => v);
}

/// <summary>With SQLite: vectors as little-endian float32.</summary>
public sealed class SqliteQueryDbContext(DbContextOptions<SqliteQueryDbContext> options) : QueryDbContext(options)
{
    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.Entity<EmbeddingRow>().Property(e => e.Vector)
            .HasConversion(new ValueConverter<float[], byte[]>(v => ToBytes(v), b => ToFloats(b)), SameVector);
    }

    private static byte[] ToBytes(float[] vector) => MemoryMarshal.AsBytes<float>(vector).ToArray();

    private static float[] ToFloats(byte[] bytes) => MemoryMarshal.Cast<byte, float>(bytes).ToArray();
}

/// <summary>With PostgreSQL: vectors of pgvector. Their length is the model's, so the column leaves it open, and each generation has an index of its own.</summary>
public sealed class PostgresQueryDbContext(DbContextOptions<PostgresQueryDbContext> options) : QueryDbContext(options)
{
    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        modelBuilder.HasDefaultSchema(Schema);
        modelBuilder.HasPostgresExtension("vector");
        modelBuilder.Entity<EmbeddingRow>().Property(e => e.Vector).HasColumnType("vector")
            .HasConversion(new ValueConverter<float[], Vector>(v => new Vector(v), v => v.ToArray()), SameVector);
    }
}

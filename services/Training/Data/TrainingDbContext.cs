using DemoVlp.Contracts.Http;
using DemoVlp.Database;
using Microsoft.EntityFrameworkCore;

namespace DemoVlp.Training.Data;

/// <summary>Runs, models, their activations and evaluations, data sets, the clips that can be trained on, and the detectors.</summary>
/// <remarks>
/// A migration is added to both providers: <c>dotnet ef migrations add NAME --project services/Training --context SqliteTrainingDbContext
/// --output-dir Data/Migrations/Sqlite</c>, and the same with Postgres.
/// </remarks>
public abstract class TrainingDbContext(DbContextOptions options) : ServiceDbContext(options)
{
    internal const string Schema = "training";

    public DbSet<RunRow> Runs => Set<RunRow>();
    public DbSet<ModelRow> Models => Set<ModelRow>();
    public DbSet<ActivationRow> Activations => Set<ActivationRow>();
    public DbSet<ClipRow> Clips => Set<ClipRow>();
    public DbSet<EvaluationRow> Evaluations => Set<EvaluationRow>();
    public DbSet<DatasetRow> Datasets => Set<DatasetRow>();
    public DbSet<DatasetClipRow> DatasetClips => Set<DatasetClipRow>();
    public DbSet<DetectorRow> Detectors => Set<DetectorRow>();

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<RunRow>(run =>
        {
            run.ToTable("Runs").HasKey(r => r.Id);
            run.Property(r => r.Losses).HasJsonText();
            run.Property(r => r.Corpus).HasJsonText();
            run.Property(r => r.Preparation).HasJsonText();
            run.Property(r => r.Metrics).HasJsonText();
            run.Property(r => r.BestMetrics).HasJsonText();
            run.Property(r => r.Record).HasJsonText();
            run.Property(r => r.Estimate).HasJsonText();
            run.Property(r => r.QuestionTypes).HasJsonText();
            run.Property(r => r.LossTerms).HasDefaultValue(LossTerms.Both);
            run.HasIndex(r => new { r.State, r.CreatedAt });
            run.HasIndex(r => r.CreatedAt);
        });
        modelBuilder.Entity<ModelRow>().ToTable("Models").HasKey(m => m.Version);
        modelBuilder.Entity<ActivationRow>(activation =>
        {
            activation.ToTable("Activations").HasKey(a => a.Id);
            activation.HasOne<ModelRow>().WithMany().HasForeignKey(a => a.ModelVersion);
            activation.HasIndex(a => new { a.Task, a.ActivatedAt }).IsUnique();
        });
        modelBuilder.Entity<ClipRow>(clip =>
        {
            clip.ToTable("Clips").HasKey(c => c.VideoId);
            clip.Property(c => c.Captions).HasJsonText();
            clip.Property(c => c.Regions).HasJsonText();
        });
        modelBuilder.Entity<EvaluationRow>(evaluation =>
        {
            evaluation.ToTable("Evaluations").HasKey(e => e.Id);
            evaluation.Property(e => e.Metrics).HasJsonText();
            evaluation.Property(e => e.Corpus).HasJsonText();
            evaluation.HasIndex(e => new { e.State, e.CreatedAt });
            evaluation.HasIndex(e => e.CreatedAt);
            evaluation.HasIndex(e => e.Model);
        });
        modelBuilder.Entity<DatasetRow>(dataset =>
        {
            dataset.ToTable("Datasets").HasKey(d => d.Name);
            dataset.Property(d => d.Splits).HasJsonText();
            dataset.Property(d => d.Counts).HasJsonText();
            dataset.Property(d => d.Unusable).HasJsonText();
            dataset.Property(d => d.FirstUnusable).HasJsonText();
        });
        modelBuilder.Entity<DatasetClipRow>(clip =>
        {
            clip.ToTable("DatasetClips").HasKey(c => new { c.Dataset, c.Clip });
            clip.HasIndex(c => c.VideoId).IsUnique();
            clip.HasIndex(c => new { c.Dataset, c.Split, c.Number });
            clip.Property(c => c.Regions).HasJsonText();
        });
        modelBuilder.Entity<DetectorRow>().ToTable("Detectors").HasKey(d => d.Sha256);
    }
}

/// <summary>The context on SQLite.</summary>
public sealed class SqliteTrainingDbContext(DbContextOptions<SqliteTrainingDbContext> options) : TrainingDbContext(options);

/// <summary>The context on PostgreSQL.</summary>
public sealed class PostgresTrainingDbContext(DbContextOptions<PostgresTrainingDbContext> options) : TrainingDbContext(options)
{
    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.HasDefaultSchema(Schema);
        base.OnModelCreating(modelBuilder);
    }
}

using System.Globalization;
using System.Numerics.Tensors;
using DemoVlp.QueryAnswering.Data;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Pgvector;

namespace DemoVlp.QueryAnswering.Index;

/// <summary>
/// For PostgreSQL: candidates come from the generation's own HNSW graph (pgvector), and their vectors are compared again exactly.
/// A search restricted to some videos compares those exactly at once, so that the graph cannot miss any.
/// </summary>
internal sealed class PgVectorIndex(IServiceScopeFactory scopes) : IEmbeddingIndex
{
    private const string Table = $"{QueryDbContext.Schema}.embeddings";
    private const int LargestDimension = 2000; // of an HNSW graph over float32; longer vectors are compared one by one

    public async Task<IReadOnlyList<Neighbour>> SearchAsync(GenerationRow generation, float[] query, int count, IReadOnlyCollection<Guid>? only, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var connection = (NpgsqlConnection)scope.ServiceProvider.GetRequiredService<QueryDbContext>().Database.GetDbConnection();
        await connection.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.Parameters.AddWithValue("query", new Vector(query));
        if (only is not null)
        {
            // Without the cast this is not the expression of the graph, so every row is compared.
            command.CommandText = Select(generation.Id, "AND \"VideoId\" = ANY(@only)", "\"Vector\" <=> @query", count);
            command.Parameters.AddWithValue("only", only.ToArray());
        }
        else
        {
            var candidates = Number(Math.Clamp(2 * count, 200, 1000));
            // Removed rows stay in the graph until a vacuum: without the iterative scan they would take the place of hits.
            await using (var settings = new NpgsqlCommand($"SET LOCAL hnsw.ef_search = {candidates}; SET LOCAL hnsw.iterative_scan = relaxed_order", connection, transaction))
                await settings.ExecuteNonQueryAsync(cancellationToken);
            var dimension = Number(query.Length);
            command.CommandText = Select(generation.Id, "", $"\"Vector\"::vector({dimension}) <=> @query::vector({dimension})", Math.Max(2 * count, 200));
        }
        command.Transaction = transaction;
        var best = new Best(count);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            best.Offer(new Neighbour(reader.GetGuid(0), TensorPrimitives.Dot<float>(query, reader.GetFieldValue<Vector>(1).Memory.Span)));
        return best.Sorted();
    }

    public async Task PrepareAsync(int generationId, int dimension, CancellationToken cancellationToken)
    {
        if (dimension > LargestDimension) return;
        // On a generation that is still empty, so that it grows with each vector. Making it locks out writers of all generations while the
        // table is read through once; nothing is put in, so that is short, and CONCURRENTLY could leave an invalid index behind.
        await ExecuteAsync($"""
            CREATE INDEX IF NOT EXISTS {NameOf(generationId)} ON {Table} USING hnsw (("Vector"::vector({Number(dimension)})) vector_cosine_ops)
            WHERE "GenerationId" = {Number(generationId)}
            """, cancellationToken);
    }

    public Task ForgetAsync(int generationId, CancellationToken cancellationToken) =>
        ExecuteAsync($"DROP INDEX CONCURRENTLY IF EXISTS {QueryDbContext.Schema}.{NameOf(generationId)}", cancellationToken);

    private static string Select(int generationId, string filter, string distance, int count) =>
        $"SELECT \"VideoId\", \"Vector\" FROM {Table} WHERE \"GenerationId\" = {Number(generationId)} {filter} ORDER BY {distance} LIMIT {Number(count)}";

    private static string NameOf(int generationId) => $"embeddings_hnsw_{Number(generationId)}";

    // Numbers stand in the text, not in parameters: the planner must see that the partial index applies.
    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<QueryDbContext>().Database.ExecuteSqlRawAsync(sql, cancellationToken);
    }
}

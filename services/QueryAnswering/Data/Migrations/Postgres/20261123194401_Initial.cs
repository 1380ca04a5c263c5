using System;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;
using Pgvector;

#nullable disable

namespace DemoVlp.QueryAnswering.Data.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.EnsureSchema(
                name: "query");

            migrationBuilder.AlterDatabase()
                .Annotation("Npgsql:PostgresExtension:vector", ",,");

            migrationBuilder.CreateTable(
                name: "embeddings",
                schema: "query",
                columns: table => new
                {
                    GenerationId = table.Column<int>(type: "integer", nullable: false),
                    VideoId = table.Column<Guid>(type: "uuid", nullable: false),
                    Change = table.Column<long>(type: "bigint", nullable: false),
                    IndexedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    RegionsSha256 = table.Column<string>(type: "text", nullable: false),
                    Vector = table.Column<Vector>(type: "vector", nullable: false),
                    Detail = table.Column<byte[]>(type: "bytea", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_embeddings", x => new { x.GenerationId, x.VideoId });
                });

            migrationBuilder.CreateTable(
                name: "generations",
                schema: "query",
                columns: table => new
                {
                    Id = table.Column<int>(type: "integer", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityByDefaultColumn),
                    Task = table.Column<string>(type: "text", nullable: false),
                    ActivationId = table.Column<Guid>(type: "uuid", nullable: false),
                    ActivatedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: false),
                    ModelVersion = table.Column<string>(type: "text", nullable: false),
                    ModelDirectory = table.Column<string>(type: "text", nullable: false),
                    State = table.Column<string>(type: "text", nullable: false),
                    Changes = table.Column<long>(type: "bigint", nullable: false),
                    Videos = table.Column<int>(type: "integer", nullable: false),
                    FailureCode = table.Column<string>(type: "text", nullable: true),
                    FailureDetail = table.Column<string>(type: "text", nullable: true),
                    Attempts = table.Column<int>(type: "integer", nullable: false),
                    LeaseOwner = table.Column<string>(type: "text", nullable: true),
                    LeaseUntil = table.Column<DateTime>(type: "timestamp with time zone", nullable: true),
                    EndedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true),
                    Emptied = table.Column<bool>(type: "boolean", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_generations", x => x.Id);
                });

            migrationBuilder.CreateTable(
                name: "unusable_videos",
                schema: "query",
                columns: table => new
                {
                    GenerationId = table.Column<int>(type: "integer", nullable: false),
                    VideoId = table.Column<Guid>(type: "uuid", nullable: false),
                    RegionsSha256 = table.Column<string>(type: "text", nullable: false),
                    Detail = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_unusable_videos", x => new { x.GenerationId, x.VideoId });
                });

            migrationBuilder.CreateTable(
                name: "videos",
                schema: "query",
                columns: table => new
                {
                    Id = table.Column<Guid>(type: "uuid", nullable: false),
                    Title = table.Column<string>(type: "text", nullable: false),
                    TitleFolded = table.Column<string>(type: "text", nullable: false),
                    Revision = table.Column<int>(type: "integer", nullable: false),
                    RegionsKey = table.Column<string>(type: "text", nullable: true),
                    RegionsSha256 = table.Column<string>(type: "text", nullable: true),
                    RegionsBytes = table.Column<long>(type: "bigint", nullable: false),
                    RegionsMediaType = table.Column<string>(type: "text", nullable: false),
                    DeletedAt = table.Column<DateTime>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_videos", x => x.Id);
                });

            migrationBuilder.CreateIndex(
                name: "IX_embeddings_GenerationId_Change",
                schema: "query",
                table: "embeddings",
                columns: new[] { "GenerationId", "Change" });

            migrationBuilder.CreateIndex(
                name: "IX_embeddings_VideoId",
                schema: "query",
                table: "embeddings",
                column: "VideoId");

            migrationBuilder.CreateIndex(
                name: "IX_generations_ActivationId",
                schema: "query",
                table: "generations",
                column: "ActivationId",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_generations_Task",
                schema: "query",
                table: "generations",
                column: "Task",
                unique: true,
                filter: "\"State\" = 'active'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "embeddings",
                schema: "query");

            migrationBuilder.DropTable(
                name: "generations",
                schema: "query");

            migrationBuilder.DropTable(
                name: "unusable_videos",
                schema: "query");

            migrationBuilder.DropTable(
                name: "videos",
                schema: "query");
        }
    }
}
